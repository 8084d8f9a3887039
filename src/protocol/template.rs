//! `{{seq}}` in a request: its place is wide enough for any number, so that filling it in moves no byte.
//! It refuses to know where in the request it stands.

use std::rc::Rc;

/// What the user writes.
const SEQ: &[u8] = b"{{seq}}";
/// Digits of a number, zero-padded; greater numbers lose their first digits.
const WIDTH: usize = 10;

/// The bytes of a request, and where its number goes.
#[derive(Debug, Default)]
pub(super) struct Template {
    bytes: Box<[u8]>,
    /// First byte of each number.
    places: Box<[usize]>,
}

impl Template {
    /// Every `{{seq}}` in `text` becomes the place of a number.
    pub(super) fn new(text: &[u8]) -> Self {
        let (mut bytes, mut places) = (Vec::with_capacity(text.len()), Vec::new());
        let mut rest = text;
        // From brace to brace: a body may have many MiB, and every lane looks through it.
        while let Some(at) = rest.iter().position(|b| *b == SEQ[0]) {
            let (plain, from) = rest.split_at(at);
            bytes.extend_from_slice(plain);
            if let Some(behind) = from.strip_prefix(SEQ) {
                places.push(bytes.len());
                bytes.extend_from_slice(&[b'0'; WIDTH]);
                rest = behind;
            } else {
                bytes.push(SEQ[0]);
                rest = &from[1..];
            }
        }
        bytes.extend_from_slice(rest);
        Self {
            bytes: bytes.into(),
            places: places.into(),
        }
    }

    /// Bytes of every request made from it.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Nothing is sent.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// One connection's request. Where no number is in it, the bytes are shared; else a connection has a copy of its own,
/// made once.
#[derive(Debug)]
pub(super) struct Stamp {
    template: Rc<Template>,
    own: Box<[u8]>, // empty where nothing is filled in
}

impl Stamp {
    /// For one connection.
    pub(super) fn new(template: Rc<Template>) -> Self {
        let own = if template.places.is_empty() {
            Box::default()
        } else {
            template.bytes.clone()
        };
        Self { template, own }
    }

    /// The bytes of request `seq`.
    pub(super) fn fill(&mut self, seq: u64) -> &[u8] {
        if !self.own.is_empty() {
            for place in &self.template.places {
                digits(&mut self.own[*place..place + WIDTH], seq);
            }
        }
        self.filled()
    }

    /// The bytes as filled in last.
    pub(super) fn filled(&self) -> &[u8] {
        if self.own.is_empty() {
            &self.template.bytes
        } else {
            &self.own
        }
    }
}

fn digits(into: &mut [u8], mut number: u64) {
    for digit in into.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, seq: u64) -> String {
        let mut stamp = Stamp::new(Rc::new(Template::new(text.as_bytes())));
        String::from_utf8(stamp.fill(seq).to_vec()).unwrap()
    }

    #[test]
    fn a_number_stands_wherever_it_was_asked_for_ten_digits_wide() {
        assert_eq!(filled("/{{seq}}?b={{seq}}", 42), "/0000000042?b=0000000042");
        assert_eq!(filled("{{{seq}}}", 7), "{0000000007}");
        assert_eq!(filled("{{seq", 7), "{{seq");
    }

    #[test]
    fn a_greater_number_keeps_its_last_digits() {
        assert_eq!(filled("{{seq}}", 98_765_432_101), "8765432101");
    }

    #[test]
    fn the_same_connection_is_filled_again_without_growing() {
        let template = Rc::new(Template::new(b"a {{seq}} b"));
        let mut stamp = Stamp::new(Rc::clone(&template));

        let lengths = [0, 999, u64::MAX].map(|seq| stamp.fill(seq).len());

        assert_eq!(lengths, [template.len(); 3]);
        assert_eq!(stamp.fill(3), b"a 0000000003 b");
    }

    #[test]
    fn without_a_number_connections_share_the_bytes() {
        let template = Rc::new(Template::new(b"plain"));
        let (mut a, mut b) = (Stamp::new(Rc::clone(&template)), Stamp::new(template));

        assert_eq!(a.fill(1).as_ptr(), b.fill(2).as_ptr());
    }
}
