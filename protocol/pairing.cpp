#include "protocol/pairing.hpp"

namespace lockstep {

pairing_host::pairing_host(time_point expires_at) : expires_at_{expires_at} {
}

failure pairing_host::refusal() {
  return {errc::not_member, "The invitation is not valid here (any more); ask"
                            " for a new one."};
}

bool pairing_host::is_open(time_point now) const {
  return !used_ && wrong_tries_ < tries_most && now < expires_at_;
}

expected<void> pairing_host::judge(bool proof_is_right, time_point now) {
  const bool was_ended = wrong_tries_ >= tries_most;
  if (!proof_is_right && !was_ended)
    ++wrong_tries_;
  if (!proof_is_right || was_ended)
    return tl::make_unexpected(refusal());
  if (used_)
    return fail(errc::not_member,
                "The invitation was used already; ask for a new one.");
  if (now >= expires_at_)
    return fail(errc::not_member,
                "The invitation has expired; ask for a new one.");
  used_ = true;
  return {};
}

pairing_guest::pairing_guest(const invitation& given)
  : wanted_{given.fingerprint}, expires_at_{given.expires_at} {
}

expected<void> pairing_guest::meet(const digest_bytes& shown, wall_time now) {
  if (step_ != step::dialling) {
    step_ = step::failed;
    return fail(errc::protocol_violation, "The pairing was over already.");
  }
  if (now >= expires_at_ + clock_patience) {
    step_ = step::failed;
    return fail(errc::timed_out,
                "The invitation has expired; ask for a new one.");
  }
  if (shown != wanted_) {
    step_ = step::failed;
    return fail(errc::not_member,
                "Another device than the inviting one answers at its address;"
                " somebody may be in between.");
  }
  step_ = step::proving;
  return {};
}

expected<void> pairing_guest::conclude(bool proof_is_right) {
  if (step_ != step::proving || !proof_is_right) {
    step_ = step::failed;
    return fail(errc::protocol_violation,
                "The other device does not know the invitation's secret;"
                " nothing of it is trusted.");
  }
  step_ = step::done;
  return {};
}

} // namespace lockstep
