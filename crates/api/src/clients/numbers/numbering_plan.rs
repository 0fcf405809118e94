//! Which numbers can be dialled from abroad, by the numbering plan of the world (ITU-T E.164) and that of
//! North America. A number under a calling code that nobody has reaches nobody; a plus before a number of
//! one's own country makes such ones, and so does a plus before one that is dialled within a country
//! alone, such as 911.
//!
//! Only what somebody types for a client is held to this. Who rang is told by carriers, and kept as told.

use std::ops::RangeInclusive;

/// First three digits under which there is no number: codes that are spare, and codes that are kept back
/// for purposes without telephones (such as 999). None begins with zero.
const NOBODYS: [RangeInclusive<u16>; 28] = [
    210..=210,
    214..=215,
    217..=217,
    219..=219,
    259..=259,
    280..=289,
    292..=296,
    384..=384,
    422..=422,
    424..=429,
    671..=671,
    684..=684,
    693..=699,
    801..=807,
    809..=809,
    830..=839,
    851..=851,
    854..=854,
    857..=859,
    871..=877,
    879..=879,
    884..=885,
    887..=887,
    889..=899,
    969..=969,
    978..=978,
    990..=990,
    999..=999,
];

/// Digits, the country's code among them, of the shortest numbers there are: those of small islands.
const SHORTEST: usize = 7;

/// Gives the number back if it can be dialled from abroad. It is one in E.164.
///
/// # Errors
/// In words.
pub(crate) fn dialable(number: String) -> Result<String, String> {
    let number = known(number)?;
    if number.len() <= SHORTEST {
        return Err(format!(
            "must have {SHORTEST} digits at least, with the code of the country"
        ));
    }
    match number.strip_prefix("+1") {
        Some(national) if !is_north_american(national.as_bytes()) => {
            Err("must be +1, an area code of three digits and seven digits more".into())
        }
        _ => Ok(number),
    }
}

/// Whether an area code and an exchange begin it, neither with 0 or 1: so the North American Numbering
/// Plan has it. An area code that ends in 11 is a service, such as 911.
fn is_north_american(national: &[u8]) -> bool {
    let begins = |at: usize| matches!(national[at], b'2'..=b'9');
    national.len() == 10 && begins(0) && begins(3) && &national[1..3] != b"11"
}

/// Gives the number back if its calling code is somebody's.
fn known(number: String) -> Result<String, String> {
    let code = number.get(1..4).and_then(|code| code.parse().ok());
    match code {
        Some(code) if NOBODYS.iter().any(|spare| spare.contains(&code)) => Err(format!(
            "must begin with the code of a country, like +1 or +44: +{code} is nobody's"
        )),
        _ => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code that is assigned, those of services and of groups of countries among them.
    const ASSIGNED: &str = "
        1
        20 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237
        238 239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262
        263 264 265 266 267 268 269 27 290 291 297 298 299
        30 31 32 33 34 350 351 352 353 354 355 356 357 358 359 36 370 371 372 373 374 375 376 377 378
        379 380 381 382 383 385 386 387 388 389 39
        40 41 420 421 423 43 44 45 46 47 48 49
        500 501 502 503 504 505 506 507 508 509 51 52 53 54 55 56 57 58 590 591 592 593 594 595 596 597
        598 599
        60 61 62 63 64 65 66 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689
        690 691 692
        7
        800 808 81 82 84 850 852 853 855 856 86 870 878 880 881 882 883 886 888
        90 91 92 93 94 95 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 979 98
        991 992 993 994 995 996 997 998";

    #[test]
    fn a_code_is_assigned_or_nobodys() {
        let assigned: Vec<&str> = ASSIGNED.split_whitespace().collect();
        for digits in 100..=999 {
            let digits = digits.to_string();
            let is_assigned = assigned.iter().any(|code| digits.starts_with(code));
            let number = format!("+{digits}5550147");
            assert_eq!(known(number.clone()).is_ok(), is_assigned, "{number}");
        }
    }

    #[test]
    fn a_number_that_is_dialled_within_a_country_alone_is_none() {
        for good in [
            "+12025550147",
            "+18005550147",
            "+4930123456",
            "+6834000",
            "+29020000",
            "+80012345678",
        ] {
            assert_eq!(dialable(good.to_owned()).as_deref(), Ok(good));
        }
        for bad in [
            "+1911",
            "+10000000000",
            "+188888",
            "+19115550147",
            "+12021550147",
            "+120255501470",
            "+44999",
            "+49110",
            "+683400",
        ] {
            assert!(dialable(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_without_its_countrys_code_is_told_what_is_wrong() {
        let said = known("+2105550147".to_owned()).unwrap_err();
        assert!(said.contains("+210"), "{said}");
    }
}
