// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any chains with any bytes, for each device. The fuzz targets `device_*` try the same.

mod harness;
mod subjects;

use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn entropy_survives_any_chains(bytes in vec(any::<u8>(), 0..300)) {
        subjects::entropy(&bytes);
    }

    #[test]
    fn a_disk_survives_any_chains(bytes in vec(any::<u8>(), 0..300)) {
        subjects::disk(&bytes);
    }

    #[test]
    fn an_i2c_adapter_survives_any_chains(bytes in vec(any::<u8>(), 0..300)) {
        subjects::adapter(&bytes);
    }

    #[test]
    fn a_gpio_chip_survives_any_chains(bytes in vec(any::<u8>(), 0..300)) {
        subjects::chip(&bytes);
    }
}
