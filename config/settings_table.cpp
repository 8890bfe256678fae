#include "config/settings_table.hpp"

#include <array>
#include <limits>
#include <type_traits>
#include <utility>

namespace lockstep {

namespace {

/// A setting that is the member `Field` of the concern `Concern`.
template <auto Concern, auto Field> struct place {
  using value_type
    = std::remove_cvref_t<decltype(std::declval<settings&>().*Concern.*Field)>;
  static constexpr bool is_duration = std::is_same_v<value_type, duration>;

  static std::int64_t load(const settings& all) {
    if constexpr (is_duration)
      return (all.*Concern.*Field).count();
    else
      return static_cast<std::int64_t>(all.*Concern.*Field);
  }

  static void store(settings& all, std::int64_t value) {
    all.*Concern.*Field = static_cast<value_type>(value);
  }

  /// The largest value that the type holds and that `load` can return.
  static constexpr std::int64_t most() {
    if constexpr (sizeof(value_type) < sizeof(std::int64_t))
      return std::numeric_limits<value_type>::max();
    else
      return std::numeric_limits<std::int64_t>::max();
  }
};

template <auto Concern, auto Field>
constexpr setting_row row(std::string_view key, std::int64_t least) {
  using p = place<Concern, Field>;
  return {key, p::is_duration, least, p::most(), p::load, p::store, {}};
}

/// One that is an enumeration, counted from 0 in the order of its words.
template <auto Concern, auto Field, std::size_t N>
constexpr setting_row row(std::string_view key,
                          const std::array<std::string_view, N>& words) {
  using p = place<Concern, Field>;
  return {key, false, 0, N - 1, p::load, p::store, words};
}

constexpr auto leadership = &settings::leadership;
constexpr auto replication = &settings::replication;
constexpr auto log = &settings::log;
constexpr auto library = &settings::library;
constexpr auto events = &settings::events;
constexpr auto index = &settings::index;
constexpr auto network = &settings::network;
constexpr auto vacuum = &settings::vacuum;
constexpr auto members = &settings::member;

constexpr std::int64_t millisecond = 1'000'000;

constexpr std::array<std::string_view, 2> consistencies{"available", "quorum"};
constexpr std::array<std::string_view, 2> no_or_yes{"no", "yes"};

constexpr std::array table{
  row<leadership, &leadership_settings::heartbeat>("leadership.heartbeat",
                                                   millisecond),
  row<leadership, &leadership_settings::timeout>("leadership.timeout",
                                                 millisecond),
  row<leadership, &leadership_settings::lease>("leadership.lease", millisecond),
  row<leadership, &leadership_settings::election_window>(
    "leadership.election_window", millisecond),
  row<leadership, &leadership_settings::priority>(
    "leadership.priority", std::numeric_limits<std::int32_t>::min()),
  row<leadership, &leadership_settings::consistency>("leadership.consistency",
                                                     consistencies),
  row<replication, &replication_settings::fetch_limit>(
    "replication.fetch_limit", 1),
  row<replication, &replication_settings::catch_up_limit>(
    "replication.catch_up_limit", 1),
  // Nothing inline: every group is fetched.
  row<replication, &replication_settings::inline_limit>(
    "replication.inline_limit", 0),
  row<replication, &replication_settings::inline_bytes_limit>(
    "replication.inline_bytes_limit", 0),
  row<replication, &replication_settings::proposal_queue_limit>(
    "replication.proposal_queue_limit", 0),
  row<replication, &replication_settings::propose_limit>(
    "replication.propose_limit", 1),
  row<replication, &replication_settings::retry_first>(
    "replication.retry_first", millisecond),
  row<replication, &replication_settings::retry_most>("replication.retry_most",
                                                      millisecond),
  row<log, &log_settings::fetch_default>("log.fetch_default", 1),
  row<log, &log_settings::fetch_most>("log.fetch_most", 1),
  row<log, &log_settings::compression>("log.compression", no_or_yes),
  row<log, &log_settings::dictionary_samples>("log.dictionary_samples", 10),
  row<library, &library_settings::queue_limit>("library.queue_limit", 1),
  row<library, &library_settings::group_limit>("library.group_limit", 1),
  row<library, &library_settings::entry_bytes_limit>(
    "library.entry_bytes_limit", 1),
  row<library, &library_settings::transaction_memory>(
    "library.transaction_memory", 1),
  row<library, &library_settings::clock_ahead_limit>(
    "library.clock_ahead_limit", millisecond),
  row<events, &event_settings::queue_limit>("events.queue_limit", 1),
  row<index, &index_settings::batch>("index.batch", 1),
  row<network, &network_settings::connection_limit>("network.connection_limit",
                                                    1),
  row<network, &network_settings::handshake>("network.handshake", millisecond),
  row<network, &network_settings::keepalive>("network.keepalive", millisecond),
  row<network, &network_settings::dial_timeout>("network.dial_timeout",
                                                millisecond),
  row<network, &network_settings::redial_first>("network.redial_first",
                                                millisecond),
  row<network, &network_settings::redial_most>("network.redial_most",
                                               millisecond),
  // Never.
  row<network, &network_settings::discovery>("network.discovery", 0),
  row<network, &network_settings::send_queue_limit>("network.send_queue_limit",
                                                    1),
  row<vacuum, &vacuum_settings::keep>("vacuum.keep", 0),
  // Not by itself.
  row<vacuum, &vacuum_settings::period>("vacuum.period", 0),
  row<vacuum, &vacuum_settings::archive>("vacuum.archive", no_or_yes),
  // All are waited for.
  row<members, &member_settings::stale_after>("member.stale_after", 0),
};

/// The row of a key, or a compile error.
consteval const setting_row& named(std::string_view key) {
  for (const auto& r : table)
    if (r.key == key)
      return r;
  throw "no such setting";
}

constexpr std::array orders{
  setting_order{named("leadership.heartbeat"), named("leadership.timeout"),
                false},
  setting_order{named("leadership.timeout"), named("leadership.lease"), true},
  setting_order{named("replication.fetch_limit"),
                named("replication.catch_up_limit"), true},
  setting_order{named("replication.catch_up_limit"), named("log.fetch_most"),
                true},
  setting_order{named("replication.inline_limit"), named("log.fetch_most"),
                true},
  setting_order{named("replication.retry_first"),
                named("replication.retry_most"), true},
  setting_order{named("log.fetch_default"), named("log.fetch_most"), true},
  setting_order{named("network.redial_first"), named("network.redial_most"),
                true},
};

} // namespace

std::span<const setting_row> settings_table() {
  return table;
}

std::span<const setting_order> settings_orders() {
  return orders;
}

} // namespace lockstep
