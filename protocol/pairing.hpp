#pragma once

#include "messages/clock.hpp"
#include "messages/errors.hpp"
#include "messages/link_messages.hpp"

#include <cstdint>

/// How two devices come to trust each other. The proofs themselves are made and
/// compared below; here is what follows from them.
namespace lockstep {

/// An invitation on the device that made it: for one device, for a while, and
/// for a few tries.
class pairing_host {
public:
  static constexpr std::uint32_t tries_most = 5;

  explicit pairing_host(time_point expires_at);

  /// What those hear who do not know the secret of any invitation.
  static failure refusal();

  /// Whether anybody may still try.
  [[nodiscard]] bool is_open(time_point now) const;

  /// A device tried. Nothing for the one that is let in; after that the
  /// invitation is used up. A refusal says no more to those who do not know the
  /// secret than that they are refused. Errors: `not_member`.
  expected<void> judge(bool proof_is_right, time_point now);

private:
  time_point expires_at_;
  std::uint32_t wrong_tries_ = 0;
  bool used_ = false;
};

/// The invited device's side: whom it speaks to, then whether that one knows
/// the secret too.
class pairing_guest {
public:
  explicit pairing_guest(const invitation& given);

  /// A device answered and proved the key of this fingerprint. Only when that
  /// is the inviting one may the proof be sent. Errors: `not_member` for any
  /// other device, `timed_out` when the invitation is over by this device's
  /// clock, which may be off by `clock_patience`.
  expected<void> meet(const digest_bytes& shown, wall_time now);

  /// The other side says that it let this device in. Errors:
  /// `protocol_violation` when that comes too early, or with a wrong proof.
  expected<void> conclude(bool proof_is_right);

  [[nodiscard]] bool is_done() const {
    return step_ == step::done;
  }

  static constexpr std::chrono::minutes clock_patience{5};

private:
  enum class step : std::uint8_t { dialling, proving, done, failed };

  digest_bytes wanted_;
  wall_time expires_at_;
  step step_ = step::dialling;
};

} // namespace lockstep
