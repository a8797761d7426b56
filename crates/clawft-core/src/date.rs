//! Parsing of dates in HTTP headers.

/// Returns the seconds from a fixed day in the past to a date such as `Sun, 06 Nov 1994 08:49:37 GMT`. There
/// is no clock here, so only the difference of two results is meaningful. The two obsolete date formats,
/// which have not been sent for decades, are not read.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let text: &[u8; 29] = text.trim().as_bytes().try_into().ok()?;
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0'))
        })
    };
    let month = b"JanFebMarAprMayJunJulAugSepOctNovDec"
        .chunks(3)
        .position(|name| name == &text[8..11])?;
    // Years begin in March here, so that the leap day is the last day of a year. 400 additional years keep
    // all numbers above 0 without moving the leap years.
    let months = number(&text[12..16])? * 12 + month as u64 + 10;
    let year = months / 12 + 399;
    let month = months % 12;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + number(&text[5..7])?;
    let hours = days * 24 + number(&text[17..19])?;
    let minutes = hours * 60 + number(&text[20..22])?;
    Some(minutes * 60 + number(&text[23..25])?)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn computes_differences_of_dates() {
        let epoch = seconds("Thu, 01 Jan 1970 00:00:00 GMT").unwrap();
        for (date, since) in [
            ("Thu, 01 Jan 1970 00:00:01 GMT", 1),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Sun, 28 Feb 2100 23:59:59 GMT", 4_107_542_399),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            assert_eq!(seconds(date).map(|now| now - epoch), Some(since), "{date}");
        }
        assert!(seconds("Sat, 01 Jan 0000 00:00:00 GMT").unwrap() < epoch);
    }

    #[test]
    fn refuses_other_date_formats() {
        for text in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 199x 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT, or later",
            "Sün, 06 Nov 1994 08:49:37 GM",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
