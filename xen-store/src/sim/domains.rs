// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What only domain 0 may ask: domains, features, quotas.

use super::State;
use super::session::{Answer, OK, first};
use crate::error::Errno;
use crate::wire::MessageType;

/// The features of the simulated server: watch depth.
const FEATURES: u32 = 4;

pub(super) fn request(state: &mut State, kind: MessageType, payload: &[u8]) -> Answer {
    let domain = || first(payload)?.0.parse::<u16>().or(Err(Errno::Invalid));
    match kind {
        MessageType::GetDomainPath => Ok(format!("/local/domain/{}\0", domain()?).into()),
        MessageType::IsDomainIntroduced if state.domains.contains(&domain()?) => Ok(b"T\0".into()),
        MessageType::IsDomainIntroduced => Ok(b"F\0".into()),
        MessageType::Introduce => {
            state.introduce(domain()?);
            Ok(OK.into())
        }
        MessageType::Release if !state.domains.contains(&domain()?) => Err(Errno::NotFound),
        MessageType::Release => {
            state.release(domain()?);
            Ok(OK.into())
        }
        MessageType::Resume | MessageType::SetTarget => {
            domain().and_then(|domain| match state.domains.contains(&domain) {
                true => Ok(OK.into()),
                false => Err(Errno::NotFound),
            })
        }
        MessageType::GetFeature if payload.is_empty() => Ok(format!("{FEATURES}\0").into()),
        MessageType::GetFeature => {
            let features = state.features.get(&domain()?).unwrap_or(&FEATURES);
            Ok(format!("{features}\0").into())
        }
        MessageType::SetFeature => {
            let value = first(first(payload)?.1)?.0;
            let value = value.parse::<u32>().or(Err(Errno::Invalid))?;
            if value & !FEATURES != 0 {
                return Err(Errno::Invalid);
            }
            if state.domains.contains(&domain()?) {
                return Err(Errno::Busy);
            }
            state.features.insert(domain()?, value);
            Ok(OK.into())
        }
        MessageType::GetQuota | MessageType::SetQuota => quota_request(state, kind, payload),
        _ => Err(Errno::Unsupported),
    }
}

fn quota_request(state: &mut State, kind: MessageType, payload: &[u8]) -> Answer {
    let strings: Option<Vec<&str>> = crate::wire::strings(payload)
        .map(|string| str::from_utf8(string).ok())
        .collect();
    let strings = strings.ok_or(Errno::Invalid)?;
    let domain = |text: &str| text.parse::<u16>().map(Some).or(Err(Errno::Invalid));
    let number = |text: &str| text.parse::<u32>().or(Err(Errno::Invalid));
    let value = match (kind, &strings[..]) {
        (MessageType::GetQuota, []) => state.quotas.names(),
        (MessageType::GetQuota, [name]) => state.quotas.value(None, name)?.to_string(),
        (MessageType::GetQuota, [of, name]) => state.quotas.value(domain(of)?, name)?.to_string(),
        (MessageType::SetQuota, [name, value]) => {
            state.quotas.set(None, name, number(value)?)?;
            "OK".into()
        }
        (MessageType::SetQuota, [of, name, value]) => {
            state.quotas.set(domain(of)?, name, number(value)?)?;
            "OK".into()
        }
        _ => return Err(Errno::Invalid),
    };
    Ok(format!("{value}\0").into())
}
