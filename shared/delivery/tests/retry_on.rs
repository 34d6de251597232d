//! Which failed calls are repeated: by default, and where the stage says so.
#![allow(clippy::panic)]

use delivery::control::Health;
use delivery::retry::Verdict;
use delivery::{Answer, Reason, ReceiverSays};
use workflow::RetryOn;

fn answered(result: Result<u16, Reason>) -> Answer {
    Answer {
        result,
        ..Answer::no_call(Reason::Timeout)
    }
}

fn on(network: bool, classes: &[u16], statuses: &[u16]) -> RetryOn {
    RetryOn {
        network,
        classes: classes.to_vec(),
        statuses: statuses.to_vec(),
    }
}

fn is_repeated(result: Result<u16, Reason>, on: Option<&RetryOn>) -> bool {
    match Verdict::of(&answered(result), on) {
        Verdict::Retry(..) => true,
        Verdict::Stop(_) => false,
        Verdict::Succeeded => panic!("{result:?} is a success"),
    }
}

/// Each row: a failure, and whether it is repeated by default, with `["5xx", "network"]`, with `[409, 425]`, with
/// `["3xx", "4xx"]`, and with `[]`.
#[test]
fn the_table_of_what_is_repeated() {
    use Reason::*;
    let own = [
        on(true, &[5], &[]),
        on(false, &[], &[409, 425]),
        on(false, &[3, 4], &[]),
        on(false, &[], &[]),
    ];
    let table: &[(Result<u16, Reason>, [bool; 5])] = &[
        (Ok(400), [true, false, false, true, false]),
        (Ok(409), [true, false, true, true, false]),
        (Ok(425), [true, false, true, true, false]),
        (Ok(429), [true, false, false, true, false]),
        (Ok(410), [false, false, false, true, false]),
        (Ok(302), [true, false, false, true, false]),
        (Ok(500), [true, true, false, false, false]),
        (Ok(503), [true, true, false, false, false]),
        (Err(Timeout), [true, true, false, false, false]),
        (Err(ConnectTimeout), [true, true, false, false, false]),
        (Err(Dns), [true, true, false, false, false]),
        (Err(Connect), [true, true, false, false, false]),
        (Err(Tls), [true, true, false, false, false]),
        (Err(ConnectionClosed), [true, true, false, false, false]),
        (Err(InvalidResponse), [true, true, false, false, false]),
        // Neither a status nor the network's: as always.
        (Err(SecretMissing), [true; 5]),
        (Err(DocumentTooLarge), [true; 5]),
        (Err(CircuitOpen), [true; 5]),
        (Err(ForbiddenAddress), [false; 5]),
        (Err(DocumentInvalid), [false; 5]),
        (Err(WorkflowMissing), [false; 5]),
    ];
    for (failure, expected) in table {
        let own = own.iter().map(|own| is_repeated(*failure, Some(own)));
        let found: Vec<bool> = [is_repeated(*failure, None)]
            .into_iter()
            .chain(own)
            .collect();
        assert_eq!(found, expected, "{failure:?}");
    }
}

#[test]
fn the_receivers_word_goes_before_the_stages() {
    let all = on(true, &[3, 4, 5], &[]);
    let mut answer = answered(Ok(500));
    answer.receiver_says = Some(ReceiverSays::Abort);
    assert_eq!(
        Verdict::of(&answer, Some(&all)),
        Verdict::Stop(Reason::Aborted)
    );
    let success = answered(Ok(204));
    assert_eq!(
        Verdict::of(&success, Some(&on(false, &[], &[]))),
        Verdict::Succeeded
    );
}

/// Whether a call is repeated says something about the file; what is wrong with the receiver stays the same.
#[test]
fn the_breaker_judges_the_receiver_whatever_is_repeated() {
    let nothing = on(false, &[], &[]);
    for result in [Ok(500), Err(Reason::Timeout)] {
        let answer = answered(result);
        assert!(matches!(
            Verdict::of(&answer, Some(&nothing)),
            Verdict::Stop(_)
        ));
        assert!(matches!(Health::of(&answer), Health::Trouble(..)));
    }
    let answer = answered(Ok(409));
    let conflict = on(false, &[], &[409]);
    assert!(matches!(
        Verdict::of(&answer, Some(&conflict)),
        Verdict::Retry(..)
    ));
    assert_eq!(Health::of(&answer), Health::Alive);
}
