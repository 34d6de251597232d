use capacity::*;
use std::time::Duration;
fn main() {
    let s = Duration::from_secs;
    let back = s(60 + 1101);
    let receiver = Receiver::healthy().with(s(60)..back, Trouble::Down);
    let plan = Plan::new(
        vec![Stage::new(receiver, Load::a_second(50))],
        back + s(500),
    );
    let run = run(&plan).unwrap();
    for t in (0..500).step_by(10) {
        let w = back + s(t) - s(20)..back + s(t) - s(10);
        let r = |c| run.rate(0, c, w.clone());
        println!(
            "{:5} calls {:5.1}/s delivered {:5.1} putoff {:6.1} recv {:6.1} writes {:.1} opened {:.1}",
            t as i64 - 20,
            r(Count::Calls),
            r(Count::Delivered),
            r(Count::PutOff),
            r(Count::Receives),
            r(Count::ControlWrites),
            r(Count::Opened)
        );
    }
}
