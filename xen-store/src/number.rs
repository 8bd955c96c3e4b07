// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Integers as XenStore values.

use core::num::ParseIntError;

/// An integer type that [`Store::read_parsed`](crate::Store::read_parsed) can return.
///
/// `0x` or `0X` introduces hexadecimal digits; everything else is decimal, also with leading
/// zeros (libxl writes no octal numbers). Signs go with decimal numbers only.
///
/// # Example
///
/// ```
/// use xen_store::Number;
///
/// assert_eq!(u64::parse("0x2000000"), Ok(33_554_432));
/// assert_eq!(u64::parse("33554432"), Ok(33_554_432));
/// assert!(u16::parse("65536").is_err());
/// ```
pub trait Number: Sized {
    /// Parses `text` as a whole.
    ///
    /// # Errors
    ///
    /// When `text` is empty, has other characters than digits, or is out of range.
    fn parse(text: &str) -> Result<Self, ParseIntError>;
}

macro_rules! number {
    ($($integer:ty)*) => {$(
        impl Number for $integer {
            fn parse(text: &str) -> Result<Self, ParseIntError> {
                match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                    Some(digits) if !digits.starts_with(['+', '-']) => {
                        <$integer>::from_str_radix(digits, 16)
                    }
                    _ => text.parse(),
                }
            }
        }
    )*};
}

number! { u8 u16 u32 u64 usize i8 i16 i32 i64 isize }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_decides_the_base() {
        assert_eq!(u32::parse("0X1f"), Ok(31));
        assert_eq!(u32::parse("010"), Ok(10));
        assert_eq!(i32::parse("-5"), Ok(-5));
    }

    #[test]
    fn what_is_not_wholly_a_number_is_refused() {
        assert!(u32::parse("").is_err());
        assert!(u32::parse("0x").is_err());
        assert!(i32::parse("0x-5").is_err());
        assert!(u32::parse("5 ").is_err());
        assert!(u32::parse("1f").is_err());
    }
}
