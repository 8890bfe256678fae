#pragma once

#include "actors/message_types.hpp"
#include "messages/member_description.hpp"
#include "transport/frames.hpp"

#include <caf/typed_actor.hpp>

#include <memory>
#include <vector>

/// What a gateway and a network have to say to each other, whatever network it
/// is.
namespace lockstep {

/// The frames of one message, as `split` made them. They travel together: a
/// link loses, delays or doubles a whole message or nothing of it.
using message_frames = std::shared_ptr<const std::vector<bytes>>;

/// The device can be reached.
struct link_up {
  device_id device;
};

/// The device cannot be reached any more.
struct link_down {
  device_id device;
};

/// The device sent this.
struct received_frames {
  device_id from;
  message_frames frames;
};

/// Asks for an answer once all frames that came before are dealt with: who
/// waits for it cannot fill the mailbox.
struct settle_frames {};

/// Whoever speaks for one device on the network: its gateway.
using link_listener
  = caf::typed_actor<caf::reacts_to<link_up>, caf::reacts_to<link_down>,
                     caf::reacts_to<received_frames>,
                     /// The network: are all frames so far dealt with?
                     caf::replies_to<settle_frames>::with<done>>;

/// Brings a device onto the network. It replaces whoever spoke for the device
/// before. The network does not keep the listener alive.
struct attach_gateway {
  device_id device;
  link_listener gateway;
};

/// Takes a device off the network.
struct detach_gateway {
  device_id device;
};

/// From one device to another. Lost where there is no link.
struct carry_frames {
  device_id from;
  device_id to;
  message_frames frames;
};

/// The gateway: the device broke the protocol and is not to be heard again
/// before it begins anew.
struct drop_link {
  device_id from;
  device_id to;
  failure why{errc::none, {}};
};

/// Who takes part in a library, with what the log says about reaching them.
struct introduce_members {
  library_id library;
  std::vector<member_description> members;
};

/// Brings devices together.
using network_actor
  = caf::typed_actor<caf::reacts_to<attach_gateway>,
                     caf::reacts_to<detach_gateway>,
                     /// Peers: carry this to another device.
                     caf::reacts_to<carry_frames>, caf::reacts_to<drop_link>,
                     /// Gateways.
                     caf::reacts_to<introduce_members>>;

} // namespace lockstep

LOCKSTEP_LOCAL_MESSAGE(link_up)
LOCKSTEP_LOCAL_MESSAGE(link_down)
LOCKSTEP_LOCAL_MESSAGE(received_frames)
LOCKSTEP_LOCAL_MESSAGE(settle_frames)
LOCKSTEP_LOCAL_MESSAGE(attach_gateway)
LOCKSTEP_LOCAL_MESSAGE(detach_gateway)
LOCKSTEP_LOCAL_MESSAGE(carry_frames)
LOCKSTEP_LOCAL_MESSAGE(drop_link)
LOCKSTEP_LOCAL_MESSAGE(introduce_members)
LOCKSTEP_LOCAL_MESSAGE(describe_member)
LOCKSTEP_LOCAL_MESSAGE(read_member_descriptions)
LOCKSTEP_LOCAL_MESSAGE(member_descriptions)
