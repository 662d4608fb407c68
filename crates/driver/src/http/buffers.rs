//! Memory that all sessions of a worker share.

use std::cell::RefCell;

/// Size of the buffer into which responses are read.
const READ_SIZE: usize = 64 * 1024;

/// Most buffers that are kept for responses to come, and the most bytes of one of them.
const SPARE_BUFFERS: usize = 64;
const SPARE_SIZE: usize = 256 * 1024;

/// Buffers of a worker, each in use while a session is polled and no longer.
#[derive(Debug)]
pub(super) struct Buffers {
    /// Memory into which responses are read.
    pub incoming: RefCell<Box<[u8]>>,
    /// Memory into which requests are rendered.
    pub outgoing: RefCell<Vec<u8>>,
    /// Memory for responses that are needed as a whole, while no session has it.
    spare: RefCell<Vec<Vec<u8>>>,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self {
            incoming: RefCell::new(vec![0; READ_SIZE].into()),
            outgoing: RefCell::default(),
            spare: RefCell::default(),
        }
    }

    /// An empty buffer, to be given back.
    pub(super) fn lend(&self) -> Vec<u8> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes back what was lent.
    pub(super) fn give_back(&self, mut buffer: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        if buffer.capacity() > 0 && spare.len() < SPARE_BUFFERS && buffer.capacity() <= SPARE_SIZE {
            buffer.clear();
            spare.push(buffer);
        }
    }
}
