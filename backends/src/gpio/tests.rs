// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

use std::sync::Arc;

use proptest::prelude::*;
use vm_memory::MmapRegion;

use super::*;
use crate::counters::{Counters, Snapshot};
use crate::queue::{Progress, VirtQueue};
use crate::testing::flaws::{Subject, try_each};
use crate::testing::{Buffer, Driver, Interrupts};

const OK: u8 = Status::Ok as u8;
const ERR: u8 = Status::Err as u8;
const OUT: u32 = direction::OUT as u32;
const IN: u32 = direction::IN as u32;
/// What a buffer holds that the device has not written to.
const UNTOUCHED: u8 = 0x77;

/// A simulated chip with four lines, and a driver for both queues.
struct Bench {
    device: Controller,
    drivers: [Driver; 2],
    queues: [VirtQueue; 2],
    interrupts: Interrupts,
    counters: Counters,
}

impl Bench {
    fn new() -> Self {
        Self::of(Some(vec![0, 1, 2, 3]))
    }

    fn of(lines: Option<Vec<u32>>) -> Self {
        let first = Driver::new(64);
        let drivers = [first.beside(), first];
        let mut device = Controller::new(Box::new(SimulatedChip::new(4)), lines).unwrap();
        device.negotiated(1 << VIRTIO_GPIO_F_IRQ);
        Self {
            device,
            queues: [0, 1].map(|i| VirtQueue::new(i, drivers[usize::from(i)].queue())),
            drivers,
            interrupts: Interrupts::default(),
            counters: Counters::default(),
        }
    }

    /// Serves both queues until nothing is left to do.
    fn serve(&mut self) {
        let memory = self.drivers[0].memory();
        let mut is_idle = false;
        while !is_idle {
            is_idle = true;
            for queue in &mut self.queues {
                let (device, interrupts) = (&mut self.device, &self.interrupts);
                let progress = queue.process(&memory, device, interrupts, &self.counters);
                is_idle &= progress == Progress::Idle && !queue.has_answers();
            }
        }
    }

    fn send(&mut self, queue: usize, readable: &[u8], writable: usize) -> Buffer {
        let driver = &mut self.drivers[queue];
        let (question, answer) = (driver.readable(readable), driver.writable(writable));
        let fill = vec![UNTOUCHED; writable];
        vm_memory::Bytes::write_slice(&*driver.memory(), &fill, answer.addr).unwrap();
        driver.send(&[question, answer]);
        answer
    }

    /// Asks, and returns status and value.
    fn ask(&mut self, kind: u16, line: u16, value: u32) -> (u8, u8) {
        let answer = self.send(0, &message(kind, line, value), 2);
        self.serve();
        let used = self.drivers[0].used();
        assert_eq!(used.len(), 1);
        assert_eq!(used[0].1, 2);
        let bytes = self.drivers[0].bytes(answer);
        (bytes[0], bytes[1])
    }

    /// Asks for what has to succeed.
    fn order(&mut self, kind: u16, line: u16, value: u32) {
        assert_eq!(self.ask(kind, line, value), (OK, 0));
    }

    /// Wires line 0, an output, to line 1, an input with this interrupt.
    fn wire(&mut self, kind: u32) {
        self.order(message::SET_DIRECTION, 0, OUT);
        self.order(message::SET_DIRECTION, 1, IN);
        self.order(message::SET_IRQ_TYPE, 1, kind);
    }

    /// Wants the next interrupt of a line.
    fn unmask(&mut self, line: u16) -> Buffer {
        let answer = self.send(1, &line.to_le_bytes(), 1);
        self.serve();
        answer
    }

    /// What became of a buffer of the event queue, if it is back.
    fn status(&self, buffer: Buffer) -> Option<u8> {
        let status = self.drivers[1].bytes(buffer)[0];
        (status != UNTOUCHED).then_some(status)
    }

    fn set(&mut self, line: u16, value: u32) {
        self.order(message::SET_VALUE, line, value);
    }

    fn counts(&self) -> Snapshot {
        self.counters.snapshot()
    }
}

/// `struct virtio_gpio_request`.
fn message(kind: u16, line: u16, value: u32) -> Vec<u8> {
    let mut bytes = kind.to_le_bytes().to_vec();
    bytes.extend(line.to_le_bytes());
    bytes.extend(value.to_le_bytes());
    bytes
}

#[test]
fn a_reset_of_the_event_queue_drops_the_buffers_that_wait() {
    let mut bench = Bench::new();
    bench.wire(irq::EDGE_RISING);
    let lost = bench.unmask(1);

    // What the transport does.
    let ring = bench.drivers[1].queue();
    let old = std::mem::replace(&mut bench.queues[1], VirtQueue::new(1, ring));
    bench.device.reset_queue(EVENT_QUEUE);
    old.abandon(&bench.counters);
    assert_eq!(bench.counts().in_flight, 0);
    // The driver's ring is a new one too, from which the old buffer is taken again.
    bench.serve();
    bench.set(0, 1);

    assert_eq!(bench.status(lost), VALID);
    assert_eq!(bench.drivers[1].used().len(), 1);
    assert_eq!(bench.counts().malformed, 0);
}

const VALID: Option<u8> = Some(IrqStatus::Valid as u8);
const INVALID: Option<u8> = Some(IrqStatus::Invalid as u8);

#[test]
fn what_one_line_puts_out_the_other_reads() {
    let mut bench = Bench::new();
    bench.order(message::SET_DIRECTION, 0, OUT);
    bench.order(message::SET_DIRECTION, 1, IN);

    assert_eq!(bench.ask(message::GET_VALUE, 1, 0), (OK, 0));
    bench.set(0, 1);
    assert_eq!(bench.ask(message::GET_VALUE, 1, 0), (OK, 1));
    assert_eq!(bench.ask(message::GET_VALUE, 0, 0), (OK, 1));
    assert_eq!(bench.ask(message::GET_VALUE, 3, 0), (OK, 0));
}

#[test]
fn directions_are_remembered_until_a_line_is_released() {
    let mut bench = Bench::new();

    assert_eq!(
        bench.ask(message::GET_DIRECTION, 0, 0),
        (OK, direction::NONE)
    );
    bench.order(message::SET_DIRECTION, 0, OUT);
    assert_eq!(
        bench.ask(message::GET_DIRECTION, 0, 0),
        (OK, direction::OUT)
    );
    bench.order(message::SET_DIRECTION, 0, IN);
    assert_eq!(bench.ask(message::GET_DIRECTION, 0, 0), (OK, direction::IN));
    bench.order(message::SET_DIRECTION, 0, 0);
    assert_eq!(
        bench.ask(message::GET_DIRECTION, 0, 0),
        (OK, direction::NONE)
    );
}

#[test]
fn a_value_that_is_set_before_the_direction_is_put_out_with_it() {
    let mut bench = Bench::new();
    bench.set(0, 1);
    assert_eq!(bench.ask(message::GET_VALUE, 1, 0), (OK, 0));

    bench.order(message::SET_DIRECTION, 0, OUT);
    assert_eq!(bench.ask(message::GET_VALUE, 1, 0), (OK, 1));

    bench.order(message::SET_DIRECTION, 0, 0);
    bench.order(message::SET_DIRECTION, 0, OUT);
    assert_eq!(bench.ask(message::GET_VALUE, 1, 0), (OK, 0), "forgotten");
}

#[test]
fn a_guest_has_only_the_lines_of_its_list_under_its_own_numbers() {
    let mut bench = Bench::of(Some(vec![3, 2]));
    bench.order(message::SET_DIRECTION, 1, OUT);
    bench.set(1, 1);

    assert_eq!(
        bench.device.chip.value(2).unwrap(),
        bench.device.chip.value(3).unwrap()
    );
    assert!(bench.device.chip.value(2).unwrap());
    assert!(!bench.device.chip.value(0).unwrap());
    assert_eq!(bench.ask(message::GET_VALUE, 2, 0), (ERR, 0));
    let mut config = [0; 8];
    bench.device.config().read(0, &mut config);
    assert_eq!(config, [2, 0, 0, 0, 12, 0, 0, 0]);
}

#[test]
fn names_come_in_the_order_of_the_lines() {
    let mut bench = Bench::of(Some(vec![3, 2]));
    let answer = bench.send(0, &message(message::GET_LINE_NAMES, 0, 0), 13);

    bench.serve();

    assert_eq!(bench.drivers[0].used(), [(0, 13)]);
    assert_eq!(bench.drivers[0].bytes(answer), b"\0sim-3\0sim-2\0");
}

#[test]
fn names_are_unique_and_ascii_or_not_there() {
    assert_eq!(
        block_of_names(vec!["a b", "", "é", "a b", "c"]),
        b"a b\0\0\0\0c\0"
    );
    assert!(block_of_names(vec!["", "é"]).is_empty());
}

#[test]
fn lists_that_the_chip_does_not_have_are_refused() {
    let make = |lines| Controller::new(Box::new(SimulatedChip::new(4)), Some(lines));

    assert!(matches!(make(vec![4]), Err(Error::GpioLine { line: 4 })));
    assert!(matches!(make(vec![1, 1]), Err(Error::GpioLine { line: 1 })));
    assert!(matches!(make(vec![]), Err(Error::GpioCount { count: 0 })));
}

#[test]
fn an_edge_answers_the_buffer_that_waits_for_it() {
    let mut bench = Bench::new();
    bench.wire(irq::EDGE_RISING);
    let buffer = bench.unmask(1);
    assert_eq!(bench.status(buffer), None);

    bench.set(0, 1);

    assert_eq!(bench.status(buffer), VALID);
    assert_eq!(bench.drivers[1].used(), [(0, 1)]);
    assert_eq!(bench.interrupts.queues().last(), Some(&1));
}

#[test]
fn only_the_edges_that_were_asked_for_count() {
    let mut bench = Bench::new();
    bench.wire(irq::EDGE_FALLING);
    let buffer = bench.unmask(1);

    bench.set(0, 1);
    assert_eq!(bench.status(buffer), None);
    bench.set(0, 0);
    assert_eq!(bench.status(buffer), VALID);
}

#[test]
fn both_edges_count_if_they_were_asked_for() {
    let mut bench = Bench::new();
    bench.wire(irq::EDGE_BOTH);
    let rising = bench.unmask(1);
    bench.set(0, 1);
    let falling = bench.unmask(1);
    assert_eq!((bench.status(rising), bench.status(falling)), (VALID, None));
    bench.set(0, 0);

    assert_eq!(bench.status(falling), VALID);
}

#[test]
fn edges_while_masked_are_latched_once() {
    let mut bench = Bench::new();
    bench.wire(irq::EDGE_RISING);
    [1, 0, 1, 0]
        .into_iter()
        .for_each(|value| bench.set(0, value));

    let first = bench.unmask(1);
    let second = bench.unmask(1);

    assert_eq!((bench.status(first), bench.status(second)), (VALID, None));
}

#[test]
fn what_was_latched_is_forgotten_when_the_interrupt_is_disabled() {
    let mut bench = Bench::new();
    bench.wire(irq::EDGE_RISING);
    bench.set(0, 1);

    bench.order(message::SET_IRQ_TYPE, 1, irq::NONE);
    bench.order(message::SET_IRQ_TYPE, 1, irq::EDGE_RISING);
    let buffer = bench.unmask(1);

    assert_eq!(bench.status(buffer), None);
}

#[test]
fn a_level_interrupts_as_long_as_it_is_there() {
    let mut bench = Bench::new();
    bench.wire(irq::LEVEL_HIGH);
    let first = bench.unmask(1);
    assert_eq!(bench.status(first), None);

    bench.set(0, 1);
    let second = bench.unmask(1);
    assert_eq!((bench.status(first), bench.status(second)), (VALID, VALID));
    bench.set(0, 0);
    let third = bench.unmask(1);
    assert_eq!(bench.status(third), None);
}

#[test]
fn a_level_that_has_gone_while_masked_is_no_interrupt() {
    let mut bench = Bench::new();
    bench.wire(irq::LEVEL_HIGH);
    [1, 0].into_iter().for_each(|value| bench.set(0, value));

    let buffer = bench.unmask(1);

    assert_eq!(bench.status(buffer), None);
}

#[test]
fn a_low_level_is_there_at_once() {
    let mut bench = Bench::new();
    bench.wire(irq::LEVEL_LOW);
    let low = bench.unmask(1);
    bench.set(0, 1);
    let high = bench.unmask(1);

    assert_eq!((bench.status(low), bench.status(high)), (VALID, None));
    bench.set(0, 0);
    assert_eq!(bench.status(high), VALID);
}

#[test]
fn disabling_gives_the_buffer_back_without_an_interrupt() {
    let mut bench = Bench::new();
    bench.wire(irq::EDGE_BOTH);
    let buffer = bench.unmask(1);

    bench.order(message::SET_IRQ_TYPE, 1, irq::NONE);

    assert_eq!(bench.status(buffer), INVALID);
    assert_eq!(bench.drivers[1].used(), [(0, 1)]);
    let next = bench.unmask(1);
    assert_eq!(bench.status(next), INVALID, "not enabled");
    assert_eq!(bench.counts().malformed, 0);
}

#[test]
fn releasing_a_line_gives_its_buffer_back() {
    let mut bench = Bench::new();
    bench.wire(irq::EDGE_BOTH);
    let buffer = bench.unmask(1);

    bench.order(message::SET_DIRECTION, 1, 0);
    bench.set(0, 1);

    assert_eq!(bench.status(buffer), INVALID);
}

#[test]
fn an_interrupt_needs_no_direction() {
    let mut bench = Bench::new();
    bench.order(message::SET_DIRECTION, 0, OUT);
    bench.order(message::SET_IRQ_TYPE, 1, irq::EDGE_RISING);
    let buffer = bench.unmask(1);

    bench.set(0, 1);

    assert_eq!(bench.status(buffer), VALID);
    bench.order(message::SET_IRQ_TYPE, 1, irq::NONE);
}

#[test]
fn an_input_that_is_set_up_again_keeps_its_interrupt() {
    let mut bench = Bench::new();
    bench.wire(irq::EDGE_RISING);
    bench.order(message::SET_DIRECTION, 1, IN);
    let buffer = bench.unmask(1);

    bench.set(0, 1);

    assert_eq!(bench.status(buffer), VALID);
}

#[test]
fn a_reset_drops_what_waits_and_releases_the_lines() {
    let mut bench = Bench::new();
    bench.wire(irq::EDGE_RISING);
    bench.set(0, 1);
    let waits = bench.unmask(1);
    bench.set(0, 0);
    let buffer = bench.unmask(1);

    bench.device.reset();

    assert_eq!((bench.status(waits), bench.status(buffer)), (VALID, None));
    assert_eq!(
        bench.ask(message::GET_DIRECTION, 0, 0),
        (OK, direction::NONE)
    );
    assert_eq!(bench.ask(message::GET_VALUE, 1, 0), (OK, 0));
    assert_eq!(
        bench.ask(message::SET_IRQ_TYPE, 1, irq::EDGE_RISING),
        (ERR, 0)
    );
}

/// A request of either queue: its name, the queue, and its sides.
type Pieces = (&'static str, usize, Vec<u8>, usize);

/// Requests that break the rules. Each goes back, with a failure if it has room for one.
fn malformed() -> Vec<Pieces> {
    let ask = |kind, line, value| message(kind, line, value);
    let (set, get) = (message::SET_VALUE, message::GET_VALUE);
    let (turn, watch) = (message::SET_DIRECTION, message::SET_IRQ_TYPE);
    let long = |mut bytes: Vec<u8>| {
        bytes.push(0);
        bytes
    };
    vec![
        ("no message", 0, vec![], 2),
        ("one byte", 0, vec![4], 2),
        ("seven bytes", 0, ask(get, 0, 0)[..7].to_vec(), 2),
        ("nine bytes", 0, long(ask(get, 0, 0)), 2),
        ("two messages", 0, ask(get, 0, 0).repeat(2), 2),
        ("no response", 0, ask(get, 0, 0), 0),
        ("half a response", 0, ask(get, 0, 0), 1),
        ("half a response to a change", 0, ask(set, 0, 1), 1),
        ("kind 0", 0, ask(0, 0, 0), 2),
        ("kind 7", 0, ask(7, 0, 0), 2),
        ("kind 0xffff", 0, ask(0xffff, 0, 0), 2),
        ("a line too far", 0, ask(get, 4, 0), 2),
        ("a change of a line too far", 0, ask(set, 4, 1), 2),
        ("a direction of a line too far", 0, ask(turn, 4, OUT), 2),
        ("line 0xffff", 0, ask(message::GET_DIRECTION, 0xffff, 0), 2),
        ("direction 3", 0, ask(turn, 2, 3), 2),
        ("direction 0x102", 0, ask(turn, 2, 0x102), 2),
        ("direction 0xffffffff", 0, ask(turn, 2, u32::MAX), 2),
        ("value 2", 0, ask(set, 2, 2), 2),
        ("value 0x101", 0, ask(set, 2, 0x101), 2),
        ("value 0xffffffff", 0, ask(set, 2, u32::MAX), 2),
        ("interrupt 5", 0, ask(watch, 1, 5), 2),
        ("interrupt 12", 0, ask(watch, 1, 12), 2),
        ("interrupt 0x100", 0, ask(watch, 1, 0x100), 2),
        (
            "interrupt of an output",
            0,
            ask(watch, 0, irq::EDGE_RISING),
            2,
        ),
        (
            "interrupt of a line too far",
            0,
            ask(watch, 4, irq::EDGE_BOTH),
            2,
        ),
        ("output with an interrupt", 0, ask(turn, 1, OUT), 2),
        (
            "names without room",
            0,
            ask(message::GET_LINE_NAMES, 0, 0),
            24,
        ),
        (
            "names with room for a status",
            0,
            ask(message::GET_LINE_NAMES, 0, 0),
            1,
        ),
        (
            "names with no room at all",
            0,
            ask(message::GET_LINE_NAMES, 0, 0),
            0,
        ),
        ("event without a line", 1, vec![], 1),
        ("event with half a line", 1, vec![1], 1),
        ("event with a line and more", 1, vec![1, 0, 0], 1),
        ("event without room", 1, vec![1, 0], 0),
        ("event of a line too far", 1, vec![4, 0], 1),
        ("event of line 0xffff", 1, vec![0xff, 0xff], 1),
        ("event of a line that waits", 1, vec![1, 0], 1),
        ("message on the event queue", 1, ask(get, 0, 0), 2),
    ]
}

/// Sends a request to a device with an interrupt that waits, and tries that afterwards.
fn survives((name, queue, bytes, room): Pieces) {
    let mut bench = Bench::new();
    bench.wire(irq::EDGE_RISING);
    let waits = bench.unmask(1);
    bench.drivers[0].used();

    let answer = bench.send(queue, &bytes, room);
    bench.serve();

    let back = bench.drivers[queue].used();
    let lens: Vec<_> = back.iter().map(|(_, len)| *len).collect();
    let most = [2, 1][queue].min(room);
    assert_eq!(lens, [u32::try_from(most).unwrap()], "{name}: not back");
    assert_eq!(bench.counts().malformed, 1, "{name}: not counted");
    if room > 0 {
        let failure = if queue == 1 {
            IrqStatus::Invalid as u8
        } else {
            ERR
        };
        let status = bench.drivers[queue].bytes(answer)[0];
        assert_eq!(status, failure, "{name}: is no failure");
    }
    assert_eq!(bench.status(waits), None, "{name}: disturbs another");
    bench.set(0, 1);
    assert_eq!(bench.status(waits), VALID, "{name}: the next fails");
}

#[test]
fn each_request_of_the_list_fails_and_goes_back() {
    try_each(malformed(), survives);
}

#[test]
fn wrong_chains_of_the_request_queue_fail_if_they_have_a_status_and_go_back() {
    let mut subject = Subject {
        device: &mut Bench::new().device,
        features: 1,
        queue: 0,
        good: |driver| {
            let question = driver.readable(&message(message::GET_VALUE, 1, 0));
            vec![question, driver.writable(2)]
        },
        failure: Some(ERR),
    };
    subject.fails_and_survives_each();
}

#[test]
fn wrong_chains_of_the_event_queue_are_no_interrupts_and_go_back() {
    let mut subject = Subject {
        device: &mut Bench::new().device,
        features: 1,
        queue: 1,
        // Of a line without an interrupt: it goes back at once.
        good: |driver| vec![driver.readable(&[1, 0]), driver.writable(1)],
        failure: Some(IrqStatus::Invalid as u8),
    };
    subject.fails_and_survives_each();
}

#[test]
fn interrupts_need_their_feature() {
    let mut bench = Bench::new();
    bench.device.negotiated(0);

    assert_eq!(
        bench.ask(message::SET_IRQ_TYPE, 1, irq::EDGE_RISING),
        (ERR, 0)
    );
    let buffer = bench.unmask(1);
    assert_eq!(bench.status(buffer), INVALID);
    assert_eq!(bench.counts().malformed, 2);
}

#[test]
fn a_request_with_a_buffer_that_is_nowhere_fails_and_goes_back() {
    let mut bench = Bench::new();
    let nowhere = Buffer {
        addr: crate::testing::END,
        len: 8,
        writable: false,
    };
    let answers = [0, 1].map(|queue| {
        let answer = bench.drivers[queue].writable(2);
        bench.drivers[queue].send(&[nowhere, answer]);
        answer
    });

    bench.serve();

    assert_eq!(bench.drivers[0].bytes(answers[0]), [ERR, 0]);
    assert_eq!(bench.drivers[0].used(), [(0, 0)]);
    assert_eq!(bench.drivers[1].used(), [(0, 0)]);
}

proptest! {
    #[test]
    fn any_requests_go_back_with_a_status_and_the_rest_after_a_release(
        requests in prop::collection::vec(
            (0..2_usize, 0..8_u16, 0..5_u16, prop_oneof![0..10_u32, any::<u32>()], 0..3_usize),
            1..30,
        ),
    ) {
        let mut bench = Bench::new();
        let mut sent = [0, 0];
        for (queue, kind, line, value, room) in requests {
            let bytes = match queue {
                0 => message(kind, line, value),
                _ => line.to_le_bytes().to_vec(),
            };
            bench.send(queue, &bytes, room);
            bench.serve();
            sent[queue] += 1;
        }
        let requests = bench.drivers[0].used().len();
        prop_assert_eq!(requests, sent[0]);

        (0..4).for_each(|line| bench.order(message::SET_DIRECTION, line, 0));

        let events = bench.drivers[1].used().len();
        prop_assert_eq!(events, sent[1]);
    }
}

/// Another process takes the place of the one that the driver knows.
fn succeed(bench: &mut Bench, area: &Arc<MmapRegion>) {
    let mut device = Controller::new(Box::new(SimulatedChip::new(4)), None).unwrap();
    device.negotiated(1 << VIRTIO_GPIO_F_IRQ);
    let len = device.state_len();
    device.keep_state(SavedState::new(area.clone(), 0, len).unwrap());
    bench.device = device;
}

#[test]
fn another_process_goes_on_with_lines_and_interrupts() {
    let area = Arc::new(MmapRegion::new(16).unwrap());
    let mut bench = Bench::new();
    succeed(&mut bench, &area);
    bench.wire(irq::EDGE_RISING);
    bench.order(message::SET_DIRECTION, 2, OUT);
    bench.set(2, 1);

    succeed(&mut bench, &area);

    assert_eq!(
        bench.ask(message::GET_DIRECTION, 0, 0),
        (OK, direction::OUT)
    );
    assert_eq!(bench.ask(message::GET_DIRECTION, 1, 0), (OK, direction::IN));
    assert_eq!(
        bench.ask(message::GET_DIRECTION, 3, 0),
        (OK, direction::NONE)
    );
    assert_eq!(bench.ask(message::GET_VALUE, 2, 0), (OK, 1));
    // There may have been an edge meanwhile.
    let told = bench.unmask(1);
    assert_eq!(bench.status(told), Some(IrqStatus::Valid as u8));
    let waits = bench.unmask(1);
    assert_eq!(bench.status(waits), None);
    bench.set(0, 1);
    assert_eq!(bench.status(waits), Some(IrqStatus::Valid as u8));
}

#[test]
fn another_process_remembers_an_edge_that_nobody_was_told_of() {
    let area = Arc::new(MmapRegion::new(16).unwrap());
    let mut bench = Bench::new();
    succeed(&mut bench, &area);
    bench.wire(irq::EDGE_RISING);
    bench.set(0, 1);

    succeed(&mut bench, &area);

    let told = bench.unmask(1);
    assert_eq!(bench.status(told), Some(IrqStatus::Valid as u8));
}

#[test]
fn nothing_is_left_for_another_process_after_a_reset() {
    let area = Arc::new(MmapRegion::new(16).unwrap());
    let mut bench = Bench::new();
    succeed(&mut bench, &area);
    bench.wire(irq::EDGE_RISING);

    bench.device.reset();
    succeed(&mut bench, &area);

    assert_eq!(
        bench.ask(message::GET_DIRECTION, 0, 0),
        (OK, direction::NONE)
    );
}

#[test]
fn what_makes_no_sense_is_no_state() {
    let area = Arc::new(MmapRegion::new(16).unwrap());
    let state = SavedState::new(area.clone(), 0, 16).unwrap();
    (0..16).for_each(|place| state.set(place, 0xff));
    let mut bench = Bench::new();

    succeed(&mut bench, &area);

    assert_eq!(
        bench.ask(message::GET_DIRECTION, 0, 0),
        (OK, direction::NONE)
    );
    bench.order(message::SET_DIRECTION, 0, OUT);
}
