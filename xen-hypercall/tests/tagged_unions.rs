// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Tagged unions are read and written by their tags, and unknown tags are refused.

use xen_hypercall::abi::dm_op::{NrVcpus, XenDmOp, XenDmOpU};
use xen_hypercall::abi::event_channel::{
    EvtchnStatus, EvtchnStatusInterdomain, EvtchnStatusU, Status,
};
use xen_hypercall::abi::grant_table::{CopyFlags, GnttabCopy, GnttabCopyDest, GnttabCopySource};
use xen_hypercall::operation::UnknownTag;
use xen_hypercall::{DomId, Gfn, GrantRef, Port};
use zerocopy::{FromBytes, IntoBytes};

#[test]
fn an_unknown_operation_is_refused() {
    let op = XenDmOp {
        op: 21,
        ..Default::default()
    };

    assert_eq!(op.u_value(), Err(UnknownTag(21)));
}

#[test]
fn an_answer_is_read_from_where_xen_writes_it() {
    let mut bytes = [0u8; 32];
    bytes[0] = 20;
    bytes[8] = 4;

    let op = XenDmOp::read_from_bytes(&bytes).unwrap();

    assert_eq!(op.u_value(), Ok(XenDmOpU::NrVcpus(NrVcpus { vcpus: 4 })));
}

#[test]
fn a_value_of_another_operation_leaves_nothing_behind() {
    let mut op = XenDmOp {
        u: [u64::MAX; 3],
        ..Default::default()
    };

    op.set_u(XenDmOpU::NrVcpus(NrVcpus { vcpus: 0 }));

    assert_eq!(op.op, 20);
    assert_eq!(op.as_bytes()[8..], [0; 24]);
}

#[test]
fn the_other_end_of_a_port_is_read_by_its_status() {
    let mut status = EvtchnStatus::default();
    let other = EvtchnStatusInterdomain {
        dom: DomId(7),
        port: Port(9),
        ..Default::default()
    };

    status.set_u(EvtchnStatusU::Interdomain(other));

    assert_eq!(status.status, Status::INTERDOMAIN);
    assert_eq!(status.u_value(), Ok(EvtchnStatusU::Interdomain(other)));
}

#[test]
fn a_closed_port_has_no_other_end() {
    assert_eq!(EvtchnStatus::default().u_value(), Ok(EvtchnStatusU::Closed));
}

#[test]
fn two_unions_of_one_tag_do_not_disturb_each_other() {
    let mut copy = GnttabCopy::default();

    copy.set_source(GnttabCopySource::Ref(GrantRef(3)));
    copy.set_dest(GnttabCopyDest::Gmfn(Gfn(5)));

    assert_eq!(copy.flags, CopyFlags::SOURCE_GREF);
    assert_eq!(copy.source_value(), Ok(GnttabCopySource::Ref(GrantRef(3))));
    assert_eq!(copy.dest_value(), Ok(GnttabCopyDest::Gmfn(Gfn(5))));
}
