// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any bytes as a stream of XenStore messages, received in any pieces: the messages are the same,
//! and are the bytes when they are written again.

#![no_main]

use xen_store::Permissions;
use xen_store::wire::{Decoder, encode, strings};

/// What is decoded of a stream that is received in pieces, written again; and whether it could be
/// followed to its end.
fn decode(bytes: &[u8], piece: usize) -> (Vec<u8>, bool) {
    let mut decoder = Decoder::new();
    let mut again = Vec::new();
    let mut left = bytes;
    loop {
        match decoder.next_message() {
            Ok(Some(message)) => {
                let _ = Permissions::from_payload(message.payload);
                assert!(strings(message.payload).all(|string| !string.contains(&0)));
                let parts = [message.payload];
                let encoded = encode(
                    &mut again,
                    message.kind,
                    message.req_id,
                    message.tx_id,
                    &parts,
                );
                // Longer messages are understood than may be sent.
                if encoded.is_err() {
                    return (again, true);
                }
            }
            Ok(None) if left.is_empty() => return (again, true),
            Ok(None) => {
                let space = decoder.space();
                let len = left.len().min(piece).min(space.len());
                assert!(len > 0);
                space[..len].copy_from_slice(&left[..len]);
                decoder.commit(len);
                left = &left[len..];
            }
            Err(_too_long) => return (again, false),
        }
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let whole = decode(rest, usize::MAX);
    assert!(rest.starts_with(&whole.0));
    assert_eq!(whole, decode(rest, usize::from(*first) + 1));
});
