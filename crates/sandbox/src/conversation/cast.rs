//! Who rings, and what a script's variables stand for on this call.

use super::script::Script;
use crate::{chance::Dice, world::Business};
use chrono::{DateTime, Datelike as _, Days, TimeDelta, Timelike as _, Utc, Weekday};

const FIRST_NAMES: [&str; 40] = [
    "Alma", "Andre", "Bea", "Carlos", "Chloe", "Dana", "Darnell", "Elena", "Emeka", "Farah",
    "Felix", "Grace", "Hana", "Hugo", "Imani", "Isaac", "Jada", "Joel", "Kira", "Leon", "Lucia",
    "Marcus", "Mei", "Miguel", "Nadia", "Noah", "Olive", "Omar", "Petra", "Quinn", "Rosa", "Ruben",
    "Sana", "Silas", "Tamika", "Theo", "Uma", "Victor", "Wendy", "Yusuf",
];
const LAST_NAMES: [&str; 40] = [
    "Abbott",
    "Acosta",
    "Banerjee",
    "Barlow",
    "Castillo",
    "Chen",
    "Dabrowski",
    "Diallo",
    "Eriksen",
    "Fields",
    "Fontaine",
    "Garrido",
    "Gupta",
    "Hallett",
    "Ibarra",
    "Jansen",
    "Kaplan",
    "Kowalski",
    "Lund",
    "Mbeki",
    "Mercer",
    "Nakamura",
    "Novak",
    "Osei",
    "Park",
    "Quintero",
    "Rahman",
    "Rossi",
    "Salazar",
    "Santos",
    "Tanaka",
    "Tran",
    "Underwood",
    "Vega",
    "Volkov",
    "Walsh",
    "Whitaker",
    "Yilmaz",
    "Zapata",
    "Ziegler",
];
const STREETS: [&str; 16] = [
    "Alder Street",
    "Birch Lane",
    "Canal Street",
    "Clover Court",
    "Dogwood Drive",
    "Fifth Avenue",
    "Garden Way",
    "Hillcrest Road",
    "Juniper Street",
    "Lakeview Terrace",
    "Mill Road",
    "Orchard Street",
    "Pine Street",
    "Quarry Road",
    "Sycamore Avenue",
    "Willow Bend",
];
const AREA_CODES: [&str; 14] = [
    "202", "206", "213", "267", "303", "312", "404", "415", "503", "510", "617", "646", "702",
    "801",
];
const TIMES: [&str; 14] = [
    "8:30", "9:00", "9:15", "9:40", "10:00", "10:30", "11:15", "11:45", "1:15", "1:30", "2:00",
    "2:45", "3:30", "4:10",
];
const GREETINGS: [&str; 4] = [
    "Thank you for calling {business}, how can I help you?",
    "{business}, good {daypart}. What can I do for you?",
    "Good {daypart}, you've reached {business}. How can I help?",
    "Hello, this is {business}. How may I help you?",
];

/// The one who rings.
#[derive(Debug, Clone)]
pub struct Caller {
    /// First and last.
    pub name: String,
    /// E.164, of the range kept for fiction.
    pub number: String,
}

impl Caller {
    /// Somebody, most often of a business's own area. The town is small enough that the same
    /// people ring again.
    #[must_use]
    pub fn draw(dice: &mut Dice, business: &Business) -> Self {
        let own_area = business
            .numbers
            .first()
            .and_then(|number| area_code(number));
        let area = if dice.chance(0.6) { own_area } else { None };
        let area = area.unwrap_or_else(|| *dice.pick(&AREA_CODES));
        let number = format!("+1{area}55501{:02}", dice.below(100));
        // A number keeps its person.
        let mut person = Dice::new(0).fork(&number, 0);
        let name = format!("{} {}", person.pick(&FIRST_NAMES), person.pick(&LAST_NAMES));
        Self { name, number }
    }
}

/// Of a North American number; others have callers from there all the same.
fn area_code(number: &str) -> Option<&str> {
    number
        .strip_prefix("+1")
        .filter(|rest| rest.len() == 10)?
        .get(..3)
}

/// Dollars as spoken text has them.
#[must_use]
pub fn dollars(whole: i64) -> String {
    let digits = whole.to_string();
    let mut written = String::from("$");
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// The variables of one call.
pub(super) struct Cast(Vec<(&'static str, String)>);

impl Cast {
    pub(super) fn of(
        script: &Script,
        dice: &mut Dice,
        business: &Business,
        caller: &Caller,
        at: DateTime<Utc>,
    ) -> Self {
        let local = at.with_timezone(&business.time_zone);
        let first = caller.name.split(' ').next().unwrap_or_default();
        let time = dice.below(TIMES.len());
        let mut cast = Self(vec![
            ("business", business.name.clone()),
            ("owner", business.owner.clone()),
            ("address", business.address.clone()),
            ("caller", caller.name.clone()),
            ("first", first.to_owned()),
            ("callback", caller.number.clone()),
            (
                "street",
                format!("{} {}", dice.between(12, 2980), dice.pick(&STREETS)),
            ),
            ("day", weekday(local.date_naive(), dice).to_owned()),
            ("time", TIMES[time].to_owned()),
            ("alt", TIMES[(time + 3) % TIMES.len()].to_owned()),
            (
                "ref",
                format!("{}-{}", dice.capitals(3), dice.between(100, 999)),
            ),
            ("daypart", daypart(local.hour()).to_owned()),
        ]);
        let greeting = *dice.pick(&GREETINGS);
        let greeting = match &business.own_greeting {
            Some(own) => own.clone(),
            None => cast.fill(greeting, dice),
        };
        cast.0.push(("greeting", greeting));
        for choice in &script.choices {
            let row = dice.pick(&choice.rows);
            for (name, value) in choice.names.iter().zip(row) {
                cast.0.push(match name.strip_prefix('$') {
                    Some(name) => (name, dollars(value.parse().unwrap_or_default())),
                    None => (*name, (*value).to_owned()),
                });
            }
        }
        cast
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The cents a money variable stands for.
    pub(super) fn amount_minor(&self, name: &str) -> i64 {
        let digits: String = self
            .value(name)
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        digits.parse::<i64>().unwrap_or_default() * 100
    }

    /// The text with one wording chosen and every variable in its place.
    pub(super) fn fill(&self, text: &str, dice: &mut Dice) -> String {
        let mut filled = String::with_capacity(text.len() + 32);
        let mut rest = text;
        while let Some(place) = rest.find(['[', '{']) {
            filled.push_str(&rest[..place]);
            let closing = if rest[place..].starts_with('[') {
                ']'
            } else {
                '}'
            };
            let Some(length) = rest[place..].find(closing) else {
                break;
            };
            let inside = &rest[place + 1..place + length];
            if closing == ']' {
                let wordings: Vec<_> = inside.split('|').collect();
                let wording = *dice.pick(&wordings);
                filled.push_str(&self.fill(wording, dice));
            } else {
                match self.value(inside) {
                    Some(value) => filled.push_str(value),
                    // Left as written, so that the test over all texts sees it.
                    None => filled.push_str(&rest[place..=place + length]),
                }
            }
            rest = &rest[place + length + 1..];
        }
        filled.push_str(rest);
        filled
    }
}

/// A day of the coming week on which businesses are open.
fn weekday(today: chrono::NaiveDate, dice: &mut Dice) -> &'static str {
    let ahead = u64::try_from(dice.between(1, 6)).unwrap_or(1);
    let mut day = today.checked_add_days(Days::new(ahead)).unwrap_or(today);
    if day.weekday() == Weekday::Sun {
        day += TimeDelta::days(1);
    }
    match day.weekday() {
        Weekday::Mon | Weekday::Sun => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
    }
}

fn daypart(hour: u32) -> &'static str {
    match hour {
        4..12 => "morning",
        12..18 => "afternoon",
        _ => "evening",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::World;

    #[test]
    fn dollars_are_written_with_their_thousands() {
        assert_eq!(dollars(95), "$95");
        assert_eq!(dollars(1200), "$1,200");
        assert_eq!(dollars(1_250_000), "$1,250,000");
    }

    #[test]
    fn a_number_keeps_its_person() {
        let world = World::town();
        let mut dice = Dice::new(3);
        let mut known = std::collections::HashMap::new();
        for _ in 0..500 {
            let caller = Caller::draw(&mut dice, &world.businesses[0]);
            assert_eq!(&caller.number[5..10], "55501");
            let name = known
                .entry(caller.number)
                .or_insert_with(|| caller.name.clone());
            assert_eq!(*name, caller.name);
        }
    }
}
