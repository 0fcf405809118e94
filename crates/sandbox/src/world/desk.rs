//! What the town's owners told their receptionists: how to answer, what to know, when the shop is
//! open. Written as such owners would write it.

use super::{Business, Profession};
use serde_json::{Value, json};

impl Business {
    /// The first sentence on the phone.
    #[must_use]
    pub fn greeting(&self) -> String {
        let name = &self.name;
        match self.profession {
            Profession::Dentist => {
                format!("Thank you for calling {name}. How can I help you today?")
            }
            Profession::Locksmith => {
                format!("{name}, are you locked out or can I help with something else?")
            }
            Profession::Plumber => format!("{name}, good to hear from you. What is leaking?"),
            Profession::TattooArtist => format!("Hey, this is {name}. What can I do for you?"),
            _ => format!("Hello, you have reached {name}. How may I help you?"),
        }
    }

    /// What to know and how to go about it.
    #[must_use]
    pub fn instructions(&self) -> String {
        let Self { owner, address, .. } = self;
        let (know, ask, put_through) = match self.profession {
            Profession::Dentist => (
                "A cleaning takes 45 minutes, a first visit an hour. New patients are welcome.",
                "Ask for name, date of birth and whether there is pain. Whoever is in pain gets the next free slot.",
                "swelling, bleeding that does not stop, or an accident",
            ),
            Profession::Plumber => (
                "A visit costs 95 dollars, which is taken off the bill when we do the work. We come within two hours for a burst pipe.",
                "Ask for the address, what leaks and whether the water is off. Explain where the main valve usually is.",
                "water coming through a ceiling, or a smell of gas",
            ),
            Profession::Mechanic => (
                "A diagnosis is 120 dollars. Oil changes need no appointment before ten.",
                "Ask for make, model, year and what the car does. Never promise a price before we have seen it.",
                "a car that stands on the road",
            ),
            Profession::Locksmith => (
                "Opening a front door is 140 dollars by day and 190 at night. We are there within forty minutes.",
                "Ask where they are, which lock it is, and say that we need to see an identity card.",
                "a child or an animal locked in",
            ),
            Profession::Massage => (
                "Sixty minutes are 110 dollars, ninety are 150. Chiropractic begins with an examination.",
                "Ask about injuries and pregnancy. Cancelling is free until a day before.",
                "sudden numbness or chest pain: tell them to call 911 first",
            ),
            Profession::Photographer => (
                "Portraits begin at 250 dollars, weddings at 2,400. A date is held with a third of the price.",
                "Ask for the date, the place and how many people. Offer the two nearest free dates when one is taken.",
                "a wedding within the next two weeks",
            ),
            Profession::RealEstate => (
                "Viewings are on weekdays after four and on Saturdays. Applications need proof of income.",
                "Ask which home it is about, and whether they want to buy, rent or sell.",
                "an offer, or a broken lock or heating in a home we let",
            ),
            Profession::TattooArtist => (
                "Small pieces begin at 150 dollars; larger ones need a consultation, which is free. Nobody under 18.",
                "Ask for the idea, the size and the place on the body. A deposit of 80 dollars holds the date.",
                "a tattoo of ours that looks infected",
            ),
            Profession::HomeInspector => (
                "A house up to 2,000 square feet is 425 dollars, radon 150 more. The report comes within a day.",
                "Ask for the address, the size, the year it was built and by when the report is needed.",
                "an inspection that is under way",
            ),
            Profession::Other => (
                "We answer every question the same day.",
                "Ask for the name, a number to call back, and what it is about.",
                "anything that cannot wait",
            ),
        };
        format!(
            "We are at {address}. {know}\n{ask}\nPut through to {owner}: {put_through}. Otherwise take a message and say when we call back."
        )
    }

    /// One of the product's voices.
    #[must_use]
    pub fn voice(&self) -> &'static str {
        match self.profession {
            Profession::Dentist => "calm",
            Profession::Plumber | Profession::RealEstate => "deep",
            Profession::Mechanic | Profession::Locksmith => "brisk",
            Profession::Massage => "soft",
            Profession::Photographer | Profession::TattooArtist => "bright",
            Profession::HomeInspector | Profession::Other => "warm",
        }
    }

    /// By day of the week, in the business's own time; a day that is not there is closed.
    #[must_use]
    pub fn hours(&self) -> Value {
        let span = |from: &str, to: &str| json!([{ "from": from, "to": to }]);
        let split = json!([{ "from": "08:00", "to": "12:00" }, { "from": "13:00", "to": "17:00" }]);
        let (weekday, saturday, sunday) = match self.profession {
            Profession::Dentist => (split, None, None),
            Profession::Plumber => (span("07:00", "18:00"), Some(span("08:00", "14:00")), None),
            Profession::Locksmith => {
                let always = span("06:00", "23:00");
                (always.clone(), Some(always.clone()), Some(always))
            }
            Profession::Massage | Profession::Photographer => {
                (span("09:00", "18:00"), Some(span("10:00", "16:00")), None)
            }
            Profession::TattooArtist => {
                (span("12:00", "20:00"), Some(span("11:00", "20:00")), None)
            }
            Profession::RealEstate => (
                span("09:00", "18:00"),
                Some(span("09:00", "15:00")),
                Some(span("12:00", "15:00")),
            ),
            _ => (span("08:00", "17:00"), None, None),
        };
        let mut hours = json!({});
        for day in ["monday", "tuesday", "wednesday", "thursday", "friday"] {
            hours[day] = weekday.clone();
        }
        for (day, open) in [("saturday", saturday), ("sunday", sunday)] {
            if let Some(open) = open {
                hours[day] = open;
            }
        }
        hours
    }
}
