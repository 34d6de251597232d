//! From a world that breaks an invariant to the shortest one found that breaks it too.

use crate::dice::{Dice, Tape};
use crate::run::{Report, Variant, run};

struct Search {
    variant: Variant,
    invariant: u32,
    tape: Tape,
    best: Report,
    /// Worlds that may still be tried.
    budget: usize,
}

/// The world with the shortest trace found within `budget` worlds, of one that breaks the invariant. The same
/// for the same report.
///
/// The choices of the world are cut out and simplified, as property tests do with their inputs.
#[must_use]
pub fn shortest(report: Report, variant: Variant, invariant: u32, budget: usize) -> Report {
    let mut search = Search {
        variant,
        invariant,
        tape: report.tape.clone(),
        best: report,
        budget,
    };
    loop {
        let before = search.best.steps;
        search.cut();
        search.simplify();
        if search.best.steps == before || search.budget == 0 {
            return search.best;
        }
    }
}

impl Search {
    /// Takes a tape when its world breaks the same invariant in no more steps.
    fn accept(&mut self, tape: Tape) -> bool {
        if self.budget == 0 || tape == self.tape {
            return false;
        }
        self.budget -= 1;
        let mut report = run(Dice::of_tape(tape.clone()), self.variant, false);
        let length = (report.steps, tape.len());
        let is_shorter = length <= (self.best.steps, self.tape.len());
        let taken = is_shorter && report.breaks(self.invariant);
        if taken {
            report.tape.clone_from(&tape);
            self.tape = tape;
            self.best = report;
        }
        taken
    }

    fn cut(&mut self) {
        let mut size = self.tape.len() / 2;
        while size > 0 {
            let mut end = self.tape.len();
            while end >= size && self.budget > 0 {
                let mut tape = self.tape.clone();
                tape.drain(end - size..end);
                if !self.accept(tape) {
                    end -= size;
                } else {
                    end = end.min(self.tape.len());
                }
            }
            size /= 2;
        }
    }

    fn simplify(&mut self) {
        let mut size = self.tape.len() / 2;
        while size > 0 {
            let mut start = 0;
            while start + size <= self.tape.len() && self.budget > 0 {
                let mut tape = self.tape.clone();
                tape[start..start + size].fill(0);
                self.accept(tape);
                start += size;
            }
            size /= 2;
        }
    }
}
