//! Writes an archive as the kernel unpacks it at boot: cpio, in its portable form with checks left out ("newc").

use std::io::{self, Write};

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
/// Everything begins at a multiple of this.
const ALIGNED: usize = 4;

/// An archive that is being written.
pub(super) struct Cpio<W> {
    out: W,
    entries: u32,
}

impl<W: Write> Cpio<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, entries: 0 }
    }

    /// A folder; those that it is in come before.
    pub(super) fn folder(&mut self, path: &str) -> io::Result<()> {
        self.entry(path, FOLDER, &[])
    }

    /// A file that may be executed.
    pub(super) fn program(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        self.entry(path, PROGRAM, content)
    }

    /// Without this the kernel takes the archive for cut off.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.entry("TRAILER!!!", 0, &[])?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        self.entries += 1;
        let too_big = |_| io::Error::new(io::ErrorKind::FileTooLarge, "cpio ends at 4 GiB");
        let size = u32::try_from(content.len()).map_err(too_big)?;
        let name_size = u32::try_from(path.len() + 1).map_err(too_big)?;
        // Number, mode, user, group, links, time, size; two devices in two parts each; the name's size, its NUL included; no check.
        let fields = [
            self.entries,
            mode,
            0,
            0,
            1,
            0,
            size,
            0,
            0,
            0,
            0,
            name_size,
            0,
        ];
        let mut head = b"070701".to_vec();
        for field in fields {
            write!(head, "{field:08x}")?;
        }
        head.extend_from_slice(path.as_bytes());
        head.push(0);
        for part in [&head, content] {
            self.out.write_all(part)?;
            let over = part.len() % ALIGNED;
            self.out
                .write_all(&[0; ALIGNED][..(ALIGNED - over) % ALIGNED])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_begins_at_a_multiple_of_four() {
        let mut cpio = Cpio::new(Vec::new());
        cpio.folder("bin").unwrap();
        cpio.program("bin/a", b"12345").unwrap();
        let bytes = cpio.finish().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let heads: Vec<_> = text.match_indices("070701").map(|(at, _)| at).collect();
        // A head is 110 bytes: with `bin` and a NUL 114, with `bin/a` and a NUL 116; five bytes of content take eight.
        assert_eq!(heads, [0, 116, 116 + 116 + 8]);
        assert!(
            text[116..]
                .starts_with("07070100000002000081ed0000000000000000000000010000000000000005")
        );
        assert!(text[232..].starts_with("12345\0\0\0"));
        assert_eq!(text.len() % ALIGNED, 0);
    }
}
