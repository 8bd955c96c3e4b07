// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

use proptest::prelude::*;

use super::*;

type Owned = (MessageType, u32, u32, Vec<u8>);

/// Feeds `stream` to a decoder in pieces of the given lengths, over and over.
fn decode(stream: &[u8], pieces: &[usize]) -> (Vec<Owned>, Option<Error>) {
    let mut decoder = Decoder::new();
    let mut messages = Vec::new();
    let mut rest = stream;
    for piece in pieces.iter().cycle() {
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => messages.push((
                    message.kind,
                    message.req_id,
                    message.tx_id,
                    message.payload.to_vec(),
                )),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
        if rest.is_empty() {
            break;
        }
        let space = decoder.space();
        assert!(!space.is_empty());
        let count = (*piece).min(space.len()).min(rest.len());
        space[..count].copy_from_slice(&rest[..count]);
        decoder.commit(count);
        rest = &rest[count..];
    }
    (messages, None)
}

fn encoded(messages: &[Owned]) -> Vec<u8> {
    let mut stream = Vec::new();
    for (kind, req_id, tx_id, payload) in messages {
        encode(&mut stream, *kind, *req_id, *tx_id, &[payload]).unwrap();
    }
    stream
}

prop_compose! {
    fn message()(
        kind in any::<u32>(),
        req_id in any::<u32>(),
        tx_id in any::<u32>(),
        payload in prop::collection::vec(any::<u8>(), 0..=PAYLOAD_MAX),
    ) -> Owned {
        (kind.into(), req_id, tx_id, payload)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 64 }))]

    #[test]
    #[cfg_attr(miri, ignore = "slow, and without pointers")]
    fn messages_survive_any_split(
        messages in prop::collection::vec(message(), 0..6),
        pieces in prop::collection::vec(1..6000_usize, 1..8),
    ) {
        let (decoded, error) = decode(&encoded(&messages), &pieces);

        prop_assert_eq!(decoded, messages);
        prop_assert!(error.is_none());
    }

    #[test]
    #[cfg_attr(miri, ignore = "slow, and without pointers")]
    fn any_bytes_are_messages_or_an_error(
        stream in prop::collection::vec(any::<u8>(), 0..20_000),
        pieces in prop::collection::vec(1..6000_usize, 1..8),
    ) {
        let (decoded, _) = decode(&stream, &pieces);

        prop_assert!(decoded.iter().all(|message| message.3.len() <= RECEIVE_MAX));
    }

    #[test]
    fn every_number_is_a_type_and_back(number in any::<u32>()) {
        prop_assert_eq!(u32::from(MessageType::from(number)), number);
    }
}

#[test]
fn numbers_of_the_types_are_those_of_the_header() {
    assert_eq!(u32::from(MessageType::SetTarget), 19);
    assert_eq!(MessageType::from(20), MessageType::Unknown(20));
    assert_eq!(u32::from(MessageType::ResetWatches), 21);
    assert_eq!(u32::from(MessageType::SetQuota), 26);
}

#[test]
fn a_payload_over_the_limit_is_not_encoded() {
    let mut buffer = b"before".to_vec();
    let result = encode(
        &mut buffer,
        MessageType::Write,
        1,
        0,
        &[&[0; 4000], &[0; 97]],
    );

    assert!(matches!(
        result,
        Err(Error::Length {
            length: 4097,
            limit: PAYLOAD_MAX
        })
    ));
    assert_eq!(buffer, b"before");
}

#[test]
fn a_header_over_the_limit_is_an_error_before_its_payload_arrives() {
    let header = Header {
        kind: 2,
        req_id: 1,
        tx_id: 0,
        len: 65_521,
    };

    let (messages, error) = decode(header.as_bytes(), &[5]);

    assert!(messages.is_empty());
    assert!(matches!(error, Some(Error::Length { length: 65_521, .. })));
}

#[test]
fn bytes_of_a_request_are_those_of_the_protocol() {
    let mut buffer = Vec::new();

    encode(&mut buffer, MessageType::Read, 0x0102, 3, &[b"/a", b"\0"]).unwrap();

    let words = [2_u32, 0x0102, 3, 3].map(u32::to_ne_bytes).concat();
    assert_eq!(buffer, [&words[..], b"/a\0"].concat());
}

#[test]
fn strings_of_a_payload_end_with_nul() {
    let collect = |payload| strings(payload).collect::<Vec<&[u8]>>();

    assert_eq!(collect(b"").len(), 0);
    assert_eq!(collect(b"\0"), [b""]);
    assert_eq!(collect(b"a\0b\0"), [b"a", b"b"]);
    assert_eq!(collect(b"a\0b"), [b"a", b"b"]);
    assert_eq!(collect(b"a\0\0"), [&b"a"[..], b""]);
}

#[test]
fn a_message_over_the_first_buffer_arrives_whole() {
    let payload = vec![7; RECEIVE_MAX];
    let header = Header {
        kind: 1,
        req_id: 9,
        tx_id: 0,
        len: 65_520,
    };
    let stream = [header.as_bytes(), &payload, header.as_bytes(), &payload].concat();

    let (messages, error) = decode(&stream, &[4000]);

    assert!(error.is_none());
    assert_eq!(messages.len(), 2);
    assert!(messages.iter().all(|message| message.3 == payload));
}
