//! Whole numbers in as few bytes as their size asks for: seven bits a byte, the least first (LEB128).

/// Appends a number.
pub fn write(mut number: u64, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// Takes a number off the front. What [`write`] did not write gives some number or other, and takes no
/// more than there is.
pub fn read(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let Some((byte, rest)) = bytes.split_first() else {
            break;
        };
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(numbers in prop::collection::vec((any::<u64>(), 0u32..64), 0..20)) {
            let numbers: Vec<u64> = numbers.iter().map(|(number, less)| number >> less).collect();
            let mut bytes = Vec::new();
            for number in &numbers {
                let before = bytes.len();
                write(*number, &mut bytes);
                let bits = u64::BITS - number.leading_zeros();
                prop_assert_eq!(bytes.len() - before, bits.div_ceil(7).max(1) as usize);
            }
            let mut rest = &bytes[..];
            for number in numbers {
                prop_assert_eq!(read(&mut rest), number);
            }
            prop_assert_eq!((rest.len(), read(&mut rest)), (0, 0));
        }
    }
}
