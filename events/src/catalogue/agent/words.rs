//! An agent's reports in the plain words of a call's timeline.

use super::{Analysed, Transcript, Transferred};

/// One line for people about a report of this type; `None` when it is not one we know.
#[must_use]
pub fn describe(kind: &str, data: &[u8]) -> Option<String> {
    use crate::catalogue::tolerant::read;
    Some(match kind {
        super::ANSWERED => "Receptionist answered the call".to_owned(),
        super::TRANSFERRED => match read::<Transferred>(data)
            .ok()
            .and_then(|report| report.transfer_to)
        {
            Some(to) => format!("Receptionist transferred the call to {to}"),
            None => "Receptionist transferred the call".to_owned(),
        },
        super::TRANSCRIPT => {
            match read::<Transcript>(data).map_or(0, |report| report.items.len()) {
                1 => "Transcript arrived: 1 item".to_owned(),
                count => format!("Transcript arrived: {count} items"),
            }
        }
        super::ANALYSED => analysis(&read::<Analysed>(data).unwrap_or_default()),
        super::HEARTBEAT => "Receptionist is there".to_owned(),
        _ => return None,
    })
}

fn analysis(report: &Analysed) -> String {
    let outcome = report.outcome.as_ref();
    let status = match outcome.and_then(|outcome| outcome.status.as_deref()) {
        Some("success") => "success",
        Some("fail") => "no success",
        _ => return "Analysis arrived".to_owned(),
    };
    match outcome.and_then(|outcome| outcome.label.as_deref()) {
        Some(label) => format!("Analysis arrived: {status}, {label}"),
        None => format!("Analysis arrived: {status}"),
    }
}
