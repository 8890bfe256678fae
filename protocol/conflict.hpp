#pragma once

#include "messages/operation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep {

/// What the log says of a record when an operation on it is to be sequenced.
struct record_standing {
  version_number version; ///< None: the log does not know the record.
  /// Also where the log has forgotten the deletion, and so the record.
  bool deleted = false;
  /// Of the record's newest entry.
  lockstep::timestamp timestamp;
  device_id device;
  lockstep::device_sequence_number device_sequence;
};

enum class verdict : std::uint8_t {
  clean, ///< Nobody else changed the record meanwhile.
  wins,  ///< It displaces a concurrent change, which is kept as a conflict.
  loses, ///< It is kept as a conflict.
};

/// Last writer wins, the default policy: clean when the writer saw the record's
/// newest state, or made it itself; else a delete beats an update, then the
/// higher version wins, then the later timestamp, then the higher device id.
/// Decided once, by the leader, at the moment of sequencing.
verdict last_writer_wins(const operation& what, const record_standing& record);

enum class conflict_kind : std::uint8_t { concurrent, constraint, membership };

std::string_view to_string(conflict_kind kind);

/// One side of a conflict.
struct conflict_side {
  device_id device;
  lockstep::device_sequence_number device_sequence;
  lockstep::timestamp timestamp;
  change_type change = change_type::update;
  std::string data; ///< The image; empty for a delete.
  /// What its writer saw and changed; see `operation`.
  version_number base_version;
  std::vector<std::string> changed;
  lockstep::device_sequence_number base_operation;
};

/// The image of an entry of model `lockstep.conflict`, as a JSON object:
/// `kind`, `model`, `record`, `reason`, `winner` and `loser`, the sides with
/// `device`, `device_sequence`, `timestamp`, `change`, `data`, `base_version`,
/// `changed` and `base_operation`.
std::string conflict_image(conflict_kind kind, std::string_view model,
                           record_id record, std::string_view reason,
                           const conflict_side& winner,
                           const conflict_side& loser);

/// The operation that a conflict image keeps as its loser; nothing when the
/// text is no such image.
std::optional<operation> loser_of(std::string_view image);
/// The same for its winner.
std::optional<operation> winner_of(std::string_view image);

conflict_side side_of(const operation& what);
conflict_side side_of(const entry& what);

} // namespace lockstep
