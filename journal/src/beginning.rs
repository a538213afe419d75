//! Where a record begins whose end is known.

use crate::record::CRC_LEN;

/// The polynomial of CRC-32C, its lowest bit being the highest power.
const POLYNOMIAL: u32 = 0x82f6_3b78;
/// The remainder of each byte.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "less than 256")]
        let mut remainder = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            remainder = times_x(remainder);
            bit += 1;
        }
        table[byte] = remainder;
        byte += 1;
    }
    table
};

/// Returns where the record begins that the bytes end with: the last place from which
/// `crc` is the checksum. The record ends with `trailer_len` bytes that are not the
/// entry's.
///
/// The checksum is continued towards the front, so the time grows with the number of
/// bytes, and not with its square. Takes them off `steps`.
pub(crate) fn beginning(
    bytes: &[u8],
    trailer_len: usize,
    crc: u32,
    steps: &mut usize,
) -> Option<usize> {
    let covered = &bytes[..bytes.len().checked_sub(CRC_LEN)?];
    let entry_end = bytes.len().checked_sub(trailer_len)?;
    // Of the bytes from `start` on, n of them: their remainder; that of x^32 times
    // x^(8 n), which a byte before them is multiplied by; and that of the register's
    // first value times x^(8 n).
    let (mut remainder, mut factor, mut initial) = (0, POLYNOMIAL, u32::MAX);
    for (start, &byte) in covered.iter().enumerate().rev() {
        *steps = steps.saturating_sub(1);
        remainder ^= times_byte(factor, byte);
        factor = times_x8(factor);
        initial = times_x8(initial);
        // Most records have an entry; an empty one is no entry.
        if start < entry_end && !(remainder ^ initial) == crc {
            return Some(start);
        }
    }
    None
}

/// The remainder of a product with a byte, whose lowest bit is its highest power.
fn times_byte(factor: u32, byte: u8) -> u32 {
    (0..8).fold(0, |product, bit| {
        times_x(product) ^ (factor * u32::from(byte >> bit & 1))
    })
}

fn times_x8(a: u32) -> u32 {
    TABLE[(a & 0xff) as usize] ^ (a >> 8)
}

const fn times_x(a: u32) -> u32 {
    (a >> 1) ^ (POLYNOMIAL * (a & 1))
}

#[cfg(test)]
mod tests {
    use super::beginning;
    use crate::record::{Trailer, seal};

    #[test]
    fn a_record_is_found_among_other_bytes() {
        let noise: Vec<u8> = (0..3000_u32)
            .map(|n| n.wrapping_mul(97).to_le_bytes()[1])
            .collect();
        for start in [0, 1, 127, 2999] {
            for len in [1, 2, 300] {
                let mut bytes = noise[..start].to_vec();
                bytes.extend(b"\x22".repeat(len));
                let crc = crc32c::crc32c(&bytes[start..]);
                seal(&mut bytes, crc, 1 << 40, u64::MAX);
                let trailer = Trailer::ending(&bytes).unwrap();
                let found = beginning(&bytes, trailer.len, trailer.crc, &mut usize::MAX.clone());
                assert_eq!(found, Some(start), "{len}");
                let mut steps = 5000;
                assert_eq!(
                    beginning(&bytes, trailer.len, !trailer.crc, &mut steps),
                    None
                );
                assert_eq!(steps, 5000 - (bytes.len() - 6));
            }
        }
    }
}
