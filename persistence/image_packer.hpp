#pragma once

#include "messages/ids.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// Of zstd.h.
struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;
struct ZSTD_CDict_s;
struct ZSTD_DDict_s;

namespace lockstep {

/// A dictionary is at most this large.
inline constexpr std::size_t dictionary_bytes = std::size_t{8} << 10;
/// Smaller images are not worth packing, larger ones not worth the memory.
inline constexpr std::size_t packed_image_least = 40;
inline constexpr std::size_t packed_image_most = std::size_t{1} << 20;

/// What images have in common, as a dictionary of Zstandard: some of the
/// samples as they are, and the statistics of the others. To choose what goes
/// in takes libzstd's trainers thirty times as long, and saves 2 % more.
/// Nothing where the samples are too few or too much alike. `samples` are
/// `shortened`.
std::optional<std::string>
make_dictionary(std::span<const std::string> samples);

/// An image with a byte in the place of its record's id, which the entry holds
/// anyway: 0x1a (SUBSTITUTE), which no JSON text holds; nothing where this one
/// does.
std::optional<std::string> shortened(std::string_view image, record_id record);

/// Packs images with dictionaries, which have small numbers. Keeps what
/// Zstandard needs for that, so one belongs to one thread.
class image_packer {
public:
  image_packer();
  image_packer(image_packer&&) noexcept;
  image_packer& operator=(image_packer&&) noexcept;
  ~image_packer();

  [[nodiscard]] bool knows(std::uint8_t number) const {
    return dictionaries_.contains(number);
  }

  /// False where the bytes are no dictionary.
  bool add(std::uint8_t number, std::string_view bytes);

  /// What is kept instead of the image, with a dictionary that it knows; empty
  /// where that would not be smaller. Valid until the next call.
  std::string_view pack(std::uint8_t number, std::string_view image,
                        record_id record);

  /// How many bytes `shortened` samples take that are packed, or are not where
  /// that does not pay.
  std::size_t packed_bytes(std::uint8_t number,
                           std::span<const std::string> samples);

  /// The number in what `pack` gave. `packed` is not empty.
  static std::uint8_t number_in(std::string_view packed) {
    return static_cast<std::uint8_t>(packed.front());
  }

  /// The image; nothing where this is none, or one larger than is packed ever.
  std::optional<std::string> unpack(std::string_view packed, record_id record);

private:
  struct free_context {
    void operator()(ZSTD_CCtx_s* context) const;
    void operator()(ZSTD_DCtx_s* context) const;
    void operator()(ZSTD_CDict_s* dictionary) const;
    void operator()(ZSTD_DDict_s* dictionary) const;
  };
  template <class T> using owned = std::unique_ptr<T, free_context>;

  struct dictionary {
    std::string bytes;
    /// Made when it is first packed with.
    owned<ZSTD_CDict_s> packing;
    owned<ZSTD_DDict_s> unpacking;
  };

  std::string_view compress(std::uint8_t number, std::string_view image);

  owned<ZSTD_CCtx_s> packing_;
  owned<ZSTD_DCtx_s> unpacking_;
  /// The one that `packing_` refers to; 0: none.
  std::uint8_t packs_with_ = 0;
  std::map<std::uint8_t, dictionary> dictionaries_;
  std::string buffer_;
};

} // namespace lockstep
