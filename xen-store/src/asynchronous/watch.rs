// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Watches, for tasks.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::AsyncClient;
use crate::connection::{Request, lock, unless_registered, watch_arguments};
use crate::error::{Errno, Error};
use crate::queue::Queue;
use crate::router::{Registered, Want};
use crate::watch::WatchEvent;
use crate::wire::MessageType;

/// A watch on a node and all that is below it, as a [`Stream`]; made by [`AsyncClient::watch`].
///
/// It reports what a [`Watch`](crate::Watch) does. Dropping it ends it.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{WatchEvent, sim};
///
/// let server = sim::Server::new();
/// let mut watch = server.async_client().watch("/a").await?;
/// assert!(watch.next().await.is_some()); // fires once when it is registered
///
/// server.write("/a/b", "1");
/// let event = watch.next().await.expect("a watch ends only after an error")?;
/// assert_eq!(event, WatchEvent::Changed { path: "/a/b".into() });
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct AsyncWatch {
    client: AsyncClient,
    path: Arc<str>,
    token: u64,
    queue: Arc<Queue>,
}

impl AsyncWatch {
    pub(super) async fn new(
        client: AsyncClient,
        path: &str,
        depth: Option<u32>,
    ) -> Result<Self, Error> {
        let watch = Registered {
            path: path.into(),
            depth,
            queue: Arc::new(Queue::new(path, depth, None)),
        };
        let token = lock(&client.shared().state).router.add_watch(watch.clone());
        // From here on dropping it ends it, also when this future is dropped.
        let this = Self {
            client,
            path: watch.path,
            token,
            queue: watch.queue,
        };
        match this.register(depth).await {
            Err(error) if depth.is_some() && error.errno() == Some(&Errno::Invalid) => {
                this.register(None).await?;
            }
            answer => answer?,
        }
        Ok(this)
    }

    async fn register(&self, depth: Option<u32>) -> Result<(), Error> {
        let text = watch_arguments(self.token, depth);
        let rest = [text.as_bytes()];
        let request = Request::new(MessageType::Watch, &self.path, &rest);
        let answer = self.client.shared().call(request).await;
        answer.map(drop).or_else(unless_registered)
    }

    /// The watched path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The next item; `None` after the connection was lost.
    ///
    /// It can be dropped while it waits without losing an event.
    pub async fn next(&mut self) -> Option<Result<WatchEvent, Error>> {
        std::future::poll_fn(|context| self.queue.poll(context)).await
    }

    /// The next item if there is one.
    ///
    /// # Errors
    ///
    /// The item is [`Error::Lost`], once, when the connection is gone; after it there are none.
    pub fn try_next(&self) -> Option<Result<WatchEvent, Error>> {
        self.queue.pop()
    }
}

impl Stream for AsyncWatch {
    type Item = Result<WatchEvent, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.queue.poll(context)
    }
}

impl Drop for AsyncWatch {
    fn drop(&mut self) {
        let shared = self.client.shared();
        let known = lock(&shared.state).router.watches.remove(&self.token);
        if known.is_none() {
            return;
        }
        let text = watch_arguments(self.token, None);
        let rest = [text.as_bytes()];
        let request = Request::new(MessageType::Unwatch, &self.path, &rest);
        if let Err(error) = shared.send(request, Want::Nothing) {
            log::debug!("cannot unwatch {:?}: {error}", self.path);
        }
    }
}
