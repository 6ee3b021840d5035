//! Showing what a peer sent. A message is bytes from somebody else: it must not move the cursor, colour the screen,
//! reverse the reading order or fake the line of another sender.

use std::fmt::Write as _;
use std::io::{self, Write};

/// Characters of one message that a terminal shows.
const TERMINAL_CHARS: usize = 4096;
/// Characters that are escaped at a time: a byte may become six, and a long message is not to take six times its memory.
const PIECE_CHARS: usize = 64 * 1024;

/// How a message is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// For eyes: as [`escaped`], cut after some thousand characters with a note of its length.
    Terminal,
    /// For a file of text: as [`escaped`], whole.
    Escaped,
    /// The bytes as they came, without a newline behind them.
    Raw,
}

/// Writes one message to `out`, in one line unless `show` is [`Show::Raw`].
///
/// # Errors
/// Those of `out`.
pub fn write_message(out: &mut impl Write, message: &[u8], show: Show) -> io::Result<()> {
    match show {
        Show::Terminal => writeln!(out, "{}", shortened(message, TERMINAL_CHARS)),
        Show::Escaped => {
            let mut rest = message;
            while !rest.is_empty() {
                let (text, used) = escape(rest, PIECE_CHARS);
                out.write_all(text.as_bytes())?;
                rest = &rest[used..];
            }
            out.write_all(b"\n")
        }
        Show::Raw => out.write_all(message),
    }
}

/// `bytes` as one line of text that is safe to print: UTF-8 as it is, characters that steer a terminal or hide as `\n`,
/// `\t`, `\u{1b}`, and bytes that are not UTF-8 as `\xff`.
pub fn escaped(bytes: &[u8]) -> String {
    escape(bytes, usize::MAX).0
}

/// As [`escaped`], with at most `max` characters of the message; if there are more, its length is said behind them.
pub fn shortened(bytes: &[u8], max: usize) -> String {
    match escape(bytes, max) {
        (text, used) if used == bytes.len() => text,
        (text, _) => format!("{text}... ({} bytes in all)", bytes.len()),
    }
}

/// The first `max` characters (or stray bytes), and how many bytes they are.
fn escape(bytes: &[u8], max: usize) -> (String, usize) {
    let (mut text, mut used, mut left) = (String::new(), 0, max);
    for chunk in bytes.utf8_chunks() {
        let mut characters = chunk.valid().chars();
        loop {
            let rest = characters.as_str().len();
            let Some(character) = characters.next() else { break };
            if left == 0 {
                return (text, used + chunk.valid().len() - rest);
            }
            left -= 1;
            if is_unsafe(character) {
                text.extend(character.escape_default());
            } else {
                text.push(character);
            }
        }
        used += chunk.valid().len();
        for byte in chunk.invalid() {
            if left == 0 {
                return (text, used);
            }
            left -= 1;
            used += 1;
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    (text, used)
}

/// Control characters (C0, DEL and C1), separators that end a line, and marks that are not seen but change what is:
/// direction (the "Trojan Source" characters), zero width, annotations.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_any_script_is_left_alone() {
        for text in ["", "hello, world", "Grüße, 世界 🦀 مرحبا שלום", "C:\\dir \"quoted\" 'x' ~", "👩‍🚀"]
        {
            assert_eq!(escaped(text.as_bytes()), text);
        }
    }

    #[test]
    fn what_steers_a_terminal_or_hides_is_made_visible() {
        for (bytes, shown) in [
            (&b"\x1b[31mred\x1b]0;title\x07"[..], r"\u{1b}[31mred\u{1b}]0;title\u{7}"),
            (b"one\ntwo\r\tthree\0", r"one\ntwo\r\tthree\u{0}"),
            (b"del\x7f", r"del\u{7f}"),
            ("csi\u{9b}2J nel\u{85}".as_bytes(), r"csi\u{9b}2J nel\u{85}"),
            ("a\u{202e}b\u{202a}c\u{2066}d\u{2069}".as_bytes(), r"a\u{202e}b\u{202a}c\u{2066}d\u{2069}"),
            ("a\u{2028}b\u{2029}c\u{200f}\u{feff}".as_bytes(), r"a\u{2028}b\u{2029}c\u{200f}\u{feff}"),
        ] {
            assert_eq!(escaped(bytes), shown);
        }
        for character in ('\0'..=char::MAX).filter(|c| c.is_control()) {
            assert!(!escaped(character.to_string().as_bytes()).contains(char::is_control));
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_shown_as_numbers() {
        assert_eq!(escaped(b"\xff\xfeabc\xc3"), r"\xff\xfeabc\xc3");
        // An overlong newline, a surrogate, a C1 control outside UTF-8.
        assert_eq!(escaped(b"\xc0\x8a \xed\xa0\x80 \x9b2J"), r"\xc0\x8a \xed\xa0\x80 \x9b2J");
    }

    #[test]
    fn a_long_message_is_escaped_as_a_whole_would_be_wherever_it_is_parted() {
        for part in [&b"x"[..], "\u{20ac}".as_bytes(), b"\xed\xa0\x80", b"\xe2\x82", b"\x1b"] {
            let long = part.repeat(3 * PIECE_CHARS);
            let mut out = Vec::new();
            write_message(&mut out, &long, Show::Escaped).expect("a Vec takes all");
            assert!(out == format!("{}\n", escaped(part).repeat(3 * PIECE_CHARS)).into_bytes(), "{part:?}");
        }
    }

    #[test]
    fn a_long_message_is_cut_on_a_terminal_only() {
        assert_eq!(shortened("äöü".as_bytes(), 3), "äöü");
        assert_eq!(shortened("äöüß".as_bytes(), 3), "äöü... (8 bytes in all)");
        assert_eq!(shortened(b"\xff\xff", 1), r"\xff... (2 bytes in all)");

        let long = vec![b'x'; 10 << 20];
        let written = |show| {
            let mut out = Vec::new();
            write_message(&mut out, &long, show).expect("a Vec takes all");
            out
        };
        assert!(written(Show::Terminal).len() < 5000);
        assert_eq!(written(Show::Escaped).len(), long.len() + 1);
        assert_eq!(written(Show::Raw), long);
    }
}
