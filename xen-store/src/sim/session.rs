// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! One connection of the simulated server.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use super::tree::{Change, Node, Transaction};
use super::{Peer, Request, State, Watch};
use crate::connection::lock;
use crate::error::Errno;
use crate::path;
use crate::permissions::Permissions;
use crate::wire::{Decoder, Message, MessageType, PAYLOAD_MAX};

/// Where relative paths of a socket are.
const HOME: &str = "/local/domain/0";

const OK: &[u8] = b"OK\0";

type Answer = Result<Vec<u8>, Errno>;

pub(super) struct Session {
    id: u64,
    state: Arc<Mutex<State>>,
    transactions: BTreeMap<u32, Transaction>,
    next_transaction: u32,
}

impl Session {
    pub(super) fn new(id: u64, state: Arc<Mutex<State>>) -> Self {
        Self {
            id,
            state,
            transactions: BTreeMap::new(),
            next_transaction: 1,
        }
    }

    /// Answers until the client closes, or sends what kills a connection.
    pub(super) fn serve(mut self, mut stream: &UnixStream) {
        let mut decoder = Decoder::new();
        'connection: while let Ok(count @ 1..) = stream.read(decoder.space()) {
            decoder.commit(count);
            loop {
                match decoder.next_message() {
                    Ok(Some(message)) => self.answer(message),
                    Ok(None) => break,
                    Err(_) => break 'connection,
                }
            }
        }
        if let Some(peer) = lock(&self.state).peers.remove(&self.id) {
            peer.close();
        }
    }

    fn answer(&mut self, message: Message<'_>) {
        let shared = Arc::clone(&self.state);
        let mut state = lock(&shared);
        let Message {
            kind,
            req_id,
            tx_id,
            payload,
        } = message;
        state.record(Request {
            kind,
            tx_id,
            payload: payload.to_vec(),
        });
        let answer = match self.handle(&mut state, message) {
            Ok(answer) if answer.len() > PAYLOAD_MAX => Err(Errno::TooBig),
            answer => answer,
        };
        let Some(peer) = state.peers.get(&self.id) else {
            return;
        };
        match &answer {
            Ok(answer) => peer.send(kind, req_id, tx_id, answer),
            Err(errno) => {
                peer.send(
                    MessageType::Error,
                    req_id,
                    tx_id,
                    format!("{errno}\0").as_bytes(),
                );
            }
        }
        if let (MessageType::Watch, Ok(_), Some(watch)) = (kind, answer, peer.watches.last()) {
            peer.fire(watch, &watch.resolved);
        }
    }

    fn handle(&mut self, state: &mut State, message: Message<'_>) -> Answer {
        let Message {
            kind,
            tx_id,
            payload,
            ..
        } = message;
        match kind {
            MessageType::Watch => return watch(self.peer(state)?, payload),
            MessageType::Unwatch => return unwatch(self.peer(state)?, payload),
            _ if tx_id != 0 && !self.transactions.contains_key(&tx_id) => {
                return Err(Errno::NotFound);
            }
            _ => {}
        }
        match kind {
            MessageType::Read => self.node(state, message).map(|node| node.value.clone()),
            MessageType::GetPerms => self
                .node(state, message)
                .map(|node| node.permissions.clone()),
            MessageType::Directory => self.node(state, message).map(child_list),
            MessageType::DirectoryPart => self.directory_part(state, message),
            MessageType::Write | MessageType::Mkdir | MessageType::Rm | MessageType::SetPerms => {
                self.change(state, message)
            }
            MessageType::TransactionStart => self.start(state, tx_id),
            MessageType::TransactionEnd => self.end(state, message),
            MessageType::ResetWatches => {
                self.transactions.clear();
                self.peer(state)?.watches.clear();
                Ok(OK.into())
            }
            _ => domain_request(state, kind, payload),
        }
    }

    fn peer<'a>(&self, state: &'a mut State) -> Result<&'a mut Peer, Errno> {
        state.peers.get_mut(&self.id).ok_or(Errno::Io)
    }

    /// The node that the first string of the payload names, in the view of the request.
    fn node<'a>(&'a mut self, state: &'a State, message: Message<'_>) -> Result<&'a Node, Errno> {
        let path = resolve(first(message.payload)?.0)?;
        let node = match self.transactions.get_mut(&message.tx_id) {
            Some(transaction) => transaction.node(&path),
            None => state.tree.node(&path),
        };
        node.ok_or(Errno::NotFound)
    }

    fn change(&mut self, state: &mut State, message: Message<'_>) -> Answer {
        let (path, rest) = first(message.payload)?;
        let path = resolve(path)?;
        let change = match message.kind {
            MessageType::Write => Change::Write(rest.into()),
            MessageType::Mkdir => Change::Create,
            MessageType::Rm => Change::Remove,
            _ if Permissions::from_payload(rest).is_none() => return Err(Errno::Invalid),
            _ => Change::SetPermissions(rest.into()),
        };
        match self.transactions.get_mut(&message.tx_id) {
            Some(transaction) => transaction.apply(&path, change)?,
            None => {
                let effect = state.tree.apply(&path, &change)?;
                state.fire_all(&effect.fired);
            }
        }
        Ok(OK.into())
    }

    fn directory_part(&mut self, state: &State, message: Message<'_>) -> Answer {
        let offset = first(message.payload)?.1;
        let offset = first(offset)?.0.parse::<usize>().unwrap_or(0);
        let node = self.node(state, message)?;
        let list = child_list(node);
        let mut answer = format!("{}\0", node.generation).into_bytes();
        let mut rest = list.get(offset..).unwrap_or_default();
        while let Some(end) = rest.iter().position(|&byte| byte == 0) {
            // Room for the empty name that ends the list.
            if answer.len() + end + 2 > PAYLOAD_MAX {
                return Ok(answer);
            }
            let (name, after) = rest.split_at(end + 1);
            answer.extend_from_slice(name);
            rest = after;
        }
        answer.push(0);
        Ok(answer)
    }

    fn start(&mut self, state: &State, tx_id: u32) -> Answer {
        if tx_id != 0 {
            return Err(Errno::Busy);
        }
        let id = self.next_transaction;
        self.next_transaction += 1;
        self.transactions.insert(id, Transaction::new(&state.tree));
        Ok(format!("{id}\0").into())
    }

    fn end(&mut self, state: &mut State, message: Message<'_>) -> Answer {
        let commit = match message.payload {
            b"T\0" => true,
            b"F\0" => false,
            _ => return Err(Errno::Invalid),
        };
        let transaction = self
            .transactions
            .remove(&message.tx_id)
            .ok_or(Errno::NotFound)?;
        if commit {
            let fired = transaction.commit(&mut state.tree)?;
            state.fire_all(&fired);
        }
        Ok(OK.into())
    }
}

fn watch(peer: &mut Peer, payload: &[u8]) -> Answer {
    let watch = watch_of(payload)?;
    let same = |other: &Watch| other.resolved == watch.resolved && other.token == watch.token;
    if peer.watches.iter().any(same) {
        return Err(Errno::Exists);
    }
    peer.watches.push(watch);
    Ok(OK.into())
}

fn unwatch(peer: &mut Peer, payload: &[u8]) -> Answer {
    let watch = watch_of(payload)?;
    let same = |other: &Watch| other.resolved == watch.resolved && other.token == watch.token;
    let position = peer.watches.iter().position(same).ok_or(Errno::NotFound)?;
    peer.watches.remove(position);
    Ok(OK.into())
}

fn watch_of(payload: &[u8]) -> Result<Watch, Errno> {
    let (path, rest) = first(payload)?;
    let (token, _) = first(rest)?;
    let resolved = if path.starts_with('@') {
        path::check_watched(path)
            .map(|()| path.into())
            .or(Err(Errno::Invalid))?
    } else {
        resolve(path)?
    };
    Ok(Watch {
        path: path.into(),
        resolved,
        token: token.into(),
    })
}

fn domain_request(state: &mut State, kind: MessageType, payload: &[u8]) -> Answer {
    let domain = || first(payload)?.0.parse::<u16>().or(Err(Errno::Invalid));
    match kind {
        MessageType::GetDomainPath => Ok(format!("/local/domain/{}\0", domain()?).into()),
        MessageType::IsDomainIntroduced if state.domains.contains(&domain()?) => Ok(b"T\0".into()),
        MessageType::IsDomainIntroduced => Ok(b"F\0".into()),
        MessageType::Introduce => {
            state.introduce(domain()?);
            Ok(OK.into())
        }
        MessageType::Release => {
            state.release(domain()?);
            Ok(OK.into())
        }
        _ => Err(Errno::Unsupported),
    }
}

/// The first string of a payload, which must end with a NUL, and what follows it.
fn first(payload: &[u8]) -> Result<(&str, &[u8]), Errno> {
    let end = payload
        .iter()
        .position(|&byte| byte == 0)
        .ok_or(Errno::Invalid)?;
    let (text, rest) = payload.split_at(end);
    Ok((str::from_utf8(text).or(Err(Errno::Invalid))?, &rest[1..]))
}

fn resolve(path: &str) -> Result<String, Errno> {
    path::check(path).or(Err(Errno::Invalid))?;
    Ok(if path.starts_with('/') {
        path.into()
    } else {
        format!("{HOME}/{path}")
    })
}

fn child_list(node: &Node) -> Vec<u8> {
    node.children
        .iter()
        .flat_map(|name| [name.as_bytes(), b"\0"].concat())
        .collect()
}
