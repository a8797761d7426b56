//! The cost of each byte of a file in its `gzip` form.
//!
//! Compressing a function by itself says little about its cost in the file, where a copy can refer to
//! everything before it. So the compressed file is read again, and every bit is attributed to the bytes that
//! it encodes: the bits of a literal to that byte, the bits of a reference to all the bytes that it copies.
//! The tables are left over.

use std::io::{self, Write as _};

use anyhow::{Context as _, Result, bail, ensure};
use flate2::{Compression, GzBuilder};

/// Compresses `bytes` as `gzip -9 --no-name` does: without name and time, so that equal input gives equal
/// output.
///
/// # Errors
/// Fails if the encoder does.
pub fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// The cost of a file's bytes.
#[derive(Debug)]
pub struct Costs {
    /// For each byte, the bits of it and of all bytes before it.
    bits: Vec<u64>,
    total: usize,
}

impl Costs {
    /// Reads a gzip file of one member with the simplest header, as [`gzip`] writes it.
    ///
    /// # Errors
    /// Fails if the file is damaged or has another header.
    pub fn read(gzip: &[u8]) -> Result<Self> {
        ensure!(
            gzip.starts_with(&[0x1f, 0x8b, 8, 0]),
            "it has no plain gzip header"
        );
        let mut reader = Reader {
            bytes: gzip.get(10..).context("it is cut short")?,
            at: 0,
        };
        let mut bits = Vec::new();
        loop {
            let last = reader.bits(1)? == 1;
            match reader.bits(2)? {
                0 => stored(&mut reader, &mut bits)?,
                1 => compressed(&mut reader, &fixed_literals(), &Codes::new(&[5; 30]), &mut bits)?,
                2 => {
                    let (literals, distances) = tables(&mut reader)?;
                    compressed(&mut reader, &literals, &distances, &mut bits)?;
                }
                _ => bail!("it has a block of no known kind"),
            }
            if last {
                return Ok(Self {
                    bits,
                    total: gzip.len(),
                });
            }
        }
    }

    /// Returns the compressed size of the bytes from `start` to `end`. Adjacent ranges add up exactly.
    pub fn of(&self, start: usize, end: usize) -> usize {
        self.before(end) - self.before(start)
    }

    /// Returns the size of headers, tables and checksum, which stand for no byte.
    pub fn overhead(&self) -> usize {
        self.total - self.before(self.bits.len())
    }

    /// Returns the size of the compressed file.
    pub fn total(&self) -> usize {
        self.total
    }

    fn before(&self, position: usize) -> usize {
        let bits = position.checked_sub(1).and_then(|last| self.bits.get(last));
        bits.map_or(0, |&bits| usize::try_from(bits / 8).unwrap_or(self.total))
    }
}

/// Records that `count` more bytes take `cost` bits together.
fn note(bits: &mut Vec<u64>, count: u64, cost: u64) {
    let before = bits.last().copied().unwrap_or(0);
    bits.extend((1..=count).map(|nth| before + cost * nth / count));
}

/// Reads the bits of a DEFLATE stream, lowest first.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn bit(&mut self) -> Result<usize> {
        let byte = self.bytes.get(self.at / 8).context("it is cut short")?;
        let bit = byte >> (self.at % 8) & 1;
        self.at += 1;
        Ok(usize::from(bit))
    }

    fn bits(&mut self, count: usize) -> Result<usize> {
        (0..count).try_fold(0, |number, position| Ok(number | self.bit()? << position))
    }

    fn symbol(&mut self, codes: &Codes) -> Result<usize> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for &count in &codes.counts[1..] {
            code |= self.bit()?;
            if code < first + count {
                return codes
                    .symbols
                    .get(index + code - first)
                    .copied()
                    .context("it has a damaged table");
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        bail!("it has a code of no symbol")
    }
}

/// A canonical Huffman code.
struct Codes {
    /// The number of codes of each length.
    counts: [usize; 16],
    /// The symbols in the order of their codes.
    symbols: Vec<usize>,
}

impl Codes {
    /// Returns the code in which each symbol has the given length, and none where that is 0.
    fn new(lengths: &[usize]) -> Self {
        let mut counts = [0; 16];
        let mut used: Vec<_> = lengths
            .iter()
            .copied()
            .zip(0..)
            .filter(|&(length, _)| length > 0)
            .collect();
        for &(length, _) in &used {
            if let Some(count) = counts.get_mut(length) {
                *count += 1;
            }
        }
        used.sort_by_key(|&(length, _)| length);
        Self {
            counts,
            symbols: used.into_iter().map(|(_, symbol)| symbol).collect(),
        }
    }
}

/// The first length that each length symbol stands for, and the number of bits that follow.
const LENGTHS: [(u64, usize); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// The order in which a block gives the lengths of the code that its tables are written in.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

fn stored(reader: &mut Reader<'_>, bits: &mut Vec<u64>) -> Result<()> {
    reader.at = reader.at.next_multiple_of(8);
    let length = reader.bits(16)?;
    reader.bits(16)?;
    reader.at += 8 * length;
    note(bits, length as u64, 8 * length as u64);
    Ok(())
}

fn compressed(
    reader: &mut Reader<'_>,
    literals: &Codes,
    distances: &Codes,
    bits: &mut Vec<u64>,
) -> Result<()> {
    loop {
        let start = reader.at;
        let copied = match reader.symbol(literals)? {
            0..256 => 1,
            256 => return Ok(()),
            symbol => {
                let &(length, extra) = LENGTHS
                    .get(symbol - 257)
                    .context("it has a length of no known kind")?;
                let length = length + reader.bits(extra)? as u64;
                let distance = reader.symbol(distances)?;
                // The distance's own bits: none for the first four symbols, then one more with every second.
                reader.bits((distance / 2).saturating_sub(1))?;
                length
            }
        };
        note(bits, copied, (reader.at - start) as u64);
    }
}

fn fixed_literals() -> Codes {
    Codes::new(&[[8; 144].as_slice(), &[9; 112], &[7; 24], &[8; 8]].concat())
}

/// Reads the codes of a block with codes of its own.
fn tables(reader: &mut Reader<'_>) -> Result<(Codes, Codes)> {
    let (literals, distances, lengths) = (reader.bits(5)? + 257, reader.bits(5)? + 1, reader.bits(4)? + 4);
    let mut of_lengths = [0; 19];
    for &position in ORDER.iter().take(lengths) {
        *of_lengths.get_mut(position).context("it has a damaged table")? = reader.bits(3)?;
    }
    let codes = Codes::new(&of_lengths);
    let mut all = Vec::with_capacity(literals + distances);
    while all.len() < literals + distances {
        let (length, times) = match reader.symbol(&codes)? {
            16 => (*all.last().context("it repeats nothing")?, 3 + reader.bits(2)?),
            17 => (0, 3 + reader.bits(3)?),
            18 => (0, 11 + reader.bits(7)?),
            length => (length, 1),
        };
        all.extend(std::iter::repeat_n(length, times));
    }
    ensure!(
        all.len() == literals + distances,
        "it has a table that is too long"
    );
    let (literals, distances) = all.split_at_checked(literals).context("it has a damaged table")?;
    Ok((Codes::new(literals), Codes::new(distances)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(bytes: &[u8]) -> Costs {
        let compressed = gzip(bytes).unwrap();
        let costs = Costs::read(&compressed).unwrap();
        assert_eq!(costs.bits.len(), bytes.len());
        assert_eq!(costs.of(0, bytes.len()) + costs.overhead(), compressed.len());
        costs
    }

    #[test]
    fn reads_every_kind_of_block() {
        costs(b"");
        // Too short for tables of its own.
        costs(b"abcabcabcabc");
        costs(&b"the quick brown fox jumps over the lazy dog, ".repeat(300));
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(100_000)
        .collect();
        costs(&noise);
    }

    #[test]
    fn repeated_bytes_cost_little() {
        let once = include_bytes!("deflate.rs");
        let costs = costs(&once.repeat(2));
        assert!(costs.of(once.len(), 2 * once.len()) * 10 < costs.of(0, once.len()));
    }

    #[test]
    fn adjacent_ranges_add_up() {
        let bytes = include_bytes!("deflate.rs");
        let costs = costs(bytes);
        let parts: usize = (0..bytes.len()).map(|at| costs.of(at, at + 1)).sum();
        assert_eq!(parts, costs.of(0, bytes.len()));
    }

    #[test]
    fn refuses_a_damaged_file() {
        let compressed = gzip(&b"some text, some more text".repeat(20)).unwrap();
        assert!(Costs::read(&compressed[..20]).is_err());
        assert!(Costs::read(b"PK").is_err());
    }

    proptest::proptest! {
        #[test]
        fn counts_every_bit_of_any_file(bytes: Vec<u8>, times in 1_usize..40) {
            costs(&bytes.repeat(times));
        }
    }
}
