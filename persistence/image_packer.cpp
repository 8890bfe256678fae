#include "persistence/image_packer.hpp"

#include <zdict.h>
#include <zstd.h>

#include <algorithm>
#include <new>
#include <vector>

namespace lockstep {

namespace {

constexpr int level = 3;

/// Zstandard's header of a dictionary takes at most so much.
constexpr std::size_t header_bytes = 256;

/// Of a large image, its beginning says enough.
constexpr std::size_t sample_bytes = 1'024;

constexpr char id_mark = '\x1a';

/// What every frame of Zstandard begins with, little end first.
constexpr std::string_view magic = "\x28\xb5\x2f\xfd";
static_assert(ZSTD_MAGICNUMBER == 0xFD2FB528);
/// That many bytes less are kept of a frame: the number is there instead.
constexpr std::size_t left_out = magic.size() - 1;

/// The id's text in the place of each mark; nothing where that is too much.
std::optional<std::string> restored(std::string&& text, record_id record) {
  auto at = text.find(id_mark);
  if (at == std::string::npos)
    return std::move(text);
  const auto id = to_string(record);
  std::string image;
  std::size_t done = 0;
  for (; at != std::string::npos; at = text.find(id_mark, done)) {
    image.append(text, done, at - done).append(id);
    done = at + 1;
    if (image.size() > packed_image_most)
      return std::nullopt;
  }
  image.append(text, done);
  if (image.size() > packed_image_most)
    return std::nullopt;
  return image;
}

} // namespace

std::optional<std::string>
make_dictionary(std::span<const std::string> samples) {
  std::size_t all = 0;
  for (const auto& one : samples)
    all += std::min(one.size(), sample_bytes);
  const auto room = std::min(dictionary_bytes - header_bytes, all / 2);
  if (room == 0)
    return std::nullopt;
  // Some from everywhere, since what is made together is alike.
  const auto step = (all + room - 1) / room;
  std::string content;
  std::string others;
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto piece = std::string_view{samples[i]}.substr(0, sample_bytes);
    if (i % step == 0 && content.size() + piece.size() <= room) {
      content += piece;
    } else {
      others += piece;
      sizes.push_back(piece.size());
    }
  }
  std::string made(dictionary_bytes, '\0');
  ZDICT_params_t how{};
  how.compressionLevel = level;
  const auto size = ZDICT_finalizeDictionary(
    made.data(), made.size(), content.data(), content.size(), others.data(),
    sizes.data(), static_cast<unsigned>(sizes.size()), how);
  if (ZDICT_isError(size) != 0)
    return std::nullopt;
  made.resize(size);
  return made;
}

std::optional<std::string> shortened(std::string_view image, record_id record) {
  if (image.find(id_mark) != std::string_view::npos)
    return std::nullopt;
  const auto id = to_string(record);
  std::string text;
  std::size_t done = 0;
  for (auto at = image.find(id); at != std::string_view::npos;
       at = image.find(id, done)) {
    text.append(image, done, at - done).push_back(id_mark);
    done = at + id.size();
  }
  text.append(image, done);
  return text;
}

void image_packer::free_context::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

void image_packer::free_context::operator()(ZSTD_DCtx_s* context) const {
  ZSTD_freeDCtx(context);
}

void image_packer::free_context::operator()(ZSTD_CDict_s* dictionary) const {
  ZSTD_freeCDict(dictionary);
}

void image_packer::free_context::operator()(ZSTD_DDict_s* dictionary) const {
  ZSTD_freeDDict(dictionary);
}

image_packer::image_packer() = default;
image_packer::image_packer(image_packer&&) noexcept = default;
image_packer& image_packer::operator=(image_packer&&) noexcept = default;
image_packer::~image_packer() = default;

bool image_packer::add(std::uint8_t number, std::string_view bytes) {
  owned<ZSTD_DDict_s> unpacking{ZSTD_createDDict(bytes.data(), bytes.size())};
  if (!unpacking)
    return false;
  packs_with_ = 0;
  dictionaries_.insert_or_assign(
    number, dictionary{std::string{bytes}, nullptr, std::move(unpacking)});
  return true;
}

/// The frame of an image, in the buffer; empty where there is none.
std::string_view image_packer::compress(std::uint8_t number,
                                        std::string_view image) {
  if (!packing_) {
    packing_.reset(ZSTD_createCCtx());
    if (!packing_)
      throw std::bad_alloc{};
    ZSTD_CCtx_setParameter(packing_.get(), ZSTD_c_dictIDFlag, 0);
  }
  if (packs_with_ != number) {
    auto& with = dictionaries_.at(number);
    if (!with.packing)
      with.packing.reset(
        ZSTD_createCDict(with.bytes.data(), with.bytes.size(), level));
    if (!with.packing)
      return {};
    ZSTD_CCtx_refCDict(packing_.get(), with.packing.get());
    packs_with_ = number;
  }
  buffer_.resize(std::max(buffer_.size(), ZSTD_compressBound(image.size())));
  const auto size = ZSTD_compress2(packing_.get(), buffer_.data(),
                                   buffer_.size(), image.data(), image.size());
  if (ZSTD_isError(size) != 0)
    return {};
  return std::string_view{buffer_}.substr(0, size);
}

std::string_view image_packer::pack(std::uint8_t number, std::string_view image,
                                    record_id record) {
  if (image.size() < packed_image_least || image.size() > packed_image_most)
    return {};
  const auto text = shortened(image, record);
  if (!text)
    return {};
  const auto frame = compress(number, *text);
  if (frame.empty() || frame.size() - left_out >= image.size())
    return {};
  buffer_[left_out] = static_cast<char>(number);
  return frame.substr(left_out);
}

std::size_t image_packer::packed_bytes(std::uint8_t number,
                                       std::span<const std::string> samples) {
  std::size_t sum = 0;
  for (const auto& one : samples) {
    const auto frame = compress(number, one);
    sum += frame.empty() ? one.size()
                         : std::min(one.size(), frame.size() - left_out);
  }
  return sum;
}

std::optional<std::string> image_packer::unpack(std::string_view packed,
                                                record_id record) {
  const auto with = dictionaries_.find(number_in(packed));
  if (with == dictionaries_.end())
    return std::nullopt;
  if (!unpacking_) {
    unpacking_.reset(ZSTD_createDCtx());
    if (!unpacking_)
      throw std::bad_alloc{};
  }
  buffer_.assign(magic).append(packed.substr(1));
  const auto size = ZSTD_getFrameContentSize(buffer_.data(), buffer_.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR
      || size > packed_image_most)
    return std::nullopt;
  std::string text(static_cast<std::size_t>(size), '\0');
  if (ZSTD_decompress_usingDDict(unpacking_.get(), text.data(), text.size(),
                                 buffer_.data(), buffer_.size(),
                                 with->second.unpacking.get())
      != size)
    return std::nullopt;
  return restored(std::move(text), record);
}

} // namespace lockstep
