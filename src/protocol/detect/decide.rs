//! What follows from the probe: start, ask, or refuse with the way out.
//! It refuses to know who asks: a screen shows the question, a script gets the refusal.

use super::{Found, Outcome};
use crate::model::failure::Failure;
use crate::plan::{Plan, Scheme};
use crate::protocol::dispatch::Kind;
use crate::protocol::tcp::Payload;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Load it, in this protocol.
    Start(Kind),
    /// It answers, but not plainly well.
    Ask {
        /// One line for a screen, with its keys.
        question: String,
        /// One sentence for a script, naming the flag; a usage error.
        refusal: String,
        /// The status that counts as good when the answer is yes.
        status: u16,
    },
    /// A usage error, with the choices.
    Refuse(String),
    /// Nothing answered: no request succeeded.
    Unreachable(String),
}

/// Decides from what the probe met.
pub fn decide(outcome: &Outcome, plan: &Plan) -> Decision {
    let at = plan.target.authority();
    match outcome {
        Outcome::Http(found) => answered(found, plan),
        Outcome::TlsLooking(why) => Decision::Refuse(format!(
            "{at} speaks TLS: {why} (https:// is not built yet; load its plain HTTP port, or open connections only with tcp://{at})"
        )),
        // Bytes of their own and a payload to send: that is raw TCP.
        Outcome::NotHttp { .. } if plan.target.scheme == Scheme::Bare && plan.request.body.is_some() => {
            Decision::Start(raw(plan))
        }
        Outcome::NotHttp { what, excerpt } => Decision::Refuse(format!(
            "{at} does not answer in HTTP but in {what}: \"{excerpt}\" ({})",
            choices(plan)
        )),
        Outcome::Unreachable { failure, detail, tries } => unanswered(*failure, detail, *tries, plan),
    }
}

/// The kind of a `tcp://` run.
pub fn raw(plan: &Plan) -> Kind {
    if Payload::new(plan).connect_only() {
        Kind::TcpConnect
    } else {
        Kind::Tcp
    }
}

fn answered(found: &Found, plan: &Plan) -> Decision {
    let status = found.seen.status;
    let expect = &plan.request.expect;
    let said = !expect.status.is_empty();
    if if said {
        expect.good(status)
    } else {
        (200..300).contains(&status)
    } && !found.seen.mismatch
    {
        return Decision::Start(Kind::Http1);
    }
    let answer = found.detection.answer.clone().unwrap_or_else(|| status.to_string());
    let to = found.location.as_ref().map_or_else(String::new, |to| format!(" → {to}"));
    let (method, path) = (&plan.request.method, &plan.target.path);
    let asked = format!("{method} http://{}{path} answers {answer}{to}", plan.target.authority());
    if found.seen.mismatch && (!said || expect.good(status)) {
        return Decision::Refuse(format!(
            "{asked}, and its body does not match --expect {} (what is expected is never overruled, not by --yes either: say what is good, or leave it out)",
            expect.contents()
        ));
    }
    if said {
        return Decision::Refuse(format!(
            "{asked}, and --expect {} does not allow that (what is expected is never overruled, not by --yes either: say --expect status={status} if that is good)",
            expect.statuses()
        ));
    }
    Decision::Ask {
        question: format!("{method} {path} answers {answer}{to}.  Enter = load it anyway ({status} counts as good) · q"),
        refusal: format!(
            "{asked}, not 2xx (to load it anyway: --yes, and {status} counts as good too; --expect status={status}: nothing else does)"
        ),
        status,
    }
}

fn unanswered(failure: Failure, detail: &str, tries: u32, plan: &Plan) -> Decision {
    let times = if tries == 1 {
        "1 try".into()
    } else {
        format!("{tries} tries")
    };
    let told = format!("nothing answered: {detail}, {times}");
    // It accepts connections but does not answer HTTP: perhaps it waits for something else.
    if plan.target.scheme == Scheme::Bare && !failure.before_send() {
        return Decision::Refuse(format!("{told} ({})", choices(plan)));
    }
    Decision::Unreachable(told)
}

/// The ways to load what is not HTTP.
fn choices(plan: &Plan) -> String {
    let at = plan.target.authority();
    match plan.request.body {
        Some(_) => format!("to send the payload raw: tcp://{at}"),
        None => format!("choose: tcp://{at} to connect only · tcp://{at} -d 'PING\\r\\n' to send a payload"),
    }
}
