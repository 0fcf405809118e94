//! Each tale is told as PayPal would tell it, and the same whenever it is told.

use super::*;

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_194_240_118).unwrap()
}

#[test]
fn billing_tells_each_tale() {
    let world = World::town();
    for user in &world.users {
        let told = subscription_story(user, start(), start());
        let kinds: Vec<_> = told
            .iter()
            .map(|notification| notification.event_type)
            .collect();
        assert_eq!(kinds[0], "BILLING.SUBSCRIPTION.CREATED");
        let count = |kind: &str| kinds.iter().filter(|known| **known == kind).count();
        let expected = match user.tale {
            BillingTale::Steady => None,
            BillingTale::Recovered | BillingTale::PastDue => {
                Some("BILLING.SUBSCRIPTION.PAYMENT.FAILED")
            }
            BillingTale::PartlyRefunded => Some("PAYMENT.SALE.REFUNDED"),
            BillingTale::Cancelled => Some("BILLING.SUBSCRIPTION.CANCELLED"),
            BillingTale::Upgraded => Some("BILLING.SUBSCRIPTION.UPDATED"),
        };
        if let Some(expected) = expected {
            assert_eq!(count(expected), 1, "{}", user.name);
        }
        let unpaid = u32::from(user.tale == BillingTale::PastDue);
        assert_eq!(
            count("PAYMENT.SALE.COMPLETED") as u32,
            user.months + 1 - unpaid,
            "{}",
            user.name
        );
        for notification in &told {
            let event: serde_json::Value = serde_json::from_slice(&notification.body).unwrap();
            assert_eq!(event["id"], notification.id.as_str());
            assert_eq!(event["event_type"], notification.event_type);
        }
    }
}

#[test]
fn a_later_run_tells_the_same_billing_and_more() {
    let world = World::town();
    let now = past_notifications(&world, start(), start());
    let later = past_notifications(&world, start(), start() + TimeDelta::days(40));
    assert!(later.len() > now.len());
    assert!(now.iter().all(|notification| later.contains(notification)));
}
