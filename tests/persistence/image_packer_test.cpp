#include "persistence/image_packer.hpp"
#include "tests/persistence/realistic_images.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace lockstep {
namespace {

record_id some_record(std::uint64_t number) {
  return record_id{make_uuid_v7(1'800'000'000'000 + number, number, ~number)};
}

class image_packing : public testing::Test {
protected:
  void SetUp() override {
    std::vector<std::string> samples;
    for (std::uint64_t i = 0; i < 300; ++i)
      samples.push_back(
        shortened(images_.image(i % image_maker::kinds, some_record(i)),
                  some_record(i))
          .value());
    dictionary_ = make_dictionary(samples).value();
    ASSERT_TRUE(packer_.add(7, dictionary_));
  }

  std::string packed(const std::string& image, record_id record) {
    return std::string{packer_.pack(7, image, record)};
  }

  std::mt19937_64 random_{[] {
    const auto* given = std::getenv("LOCKSTEP_SEED");
    return given ? std::strtoull(given, nullptr, 10) : 5;
  }()};
  image_maker images_{random_()};
  image_packer packer_;
  std::string dictionary_;
};

TEST_F(image_packing, gives_back_what_it_took) {
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    const auto record = some_record(1'000 + i);
    auto image = images_.image(random_() % image_maker::kinds, record);
    // As it may be: of any length, with anything in it, with other ids.
    if (random_() % 3 == 0)
      for (auto more = random_() % 2'000; more > 0; --more)
        image.push_back(static_cast<char>(random_()));
    if (random_() % 4 == 0)
      image.append(to_string(some_record(random_() % 3'000)));
    if (random_() % 4 == 0)
      image.append(to_string(record)).append(to_string(record));
    if (random_() % 8 == 0)
      image.resize(random_() % image.size());
    const auto made = packed(image, record);
    if (made.empty())
      continue;
    ASSERT_LT(made.size(), image.size());
    ASSERT_EQ(image_packer::number_in(made), 7);
    ASSERT_EQ(packer_.unpack(made, record), image);
  }
}

TEST_F(image_packing, makes_less_than_half_of_what_rows_are) {
  std::size_t before = 0;
  std::size_t after = 0;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    const auto record = some_record(1'000 + i);
    const auto image = images_.image(i % image_maker::kinds, record);
    const auto made = packed(image, record);
    ASSERT_FALSE(made.empty());
    before += image.size();
    after += made.size();
  }
  EXPECT_LT(after * 2, before);
}

TEST_F(image_packing, an_id_takes_no_room) {
  const auto record = some_record(1);
  const auto id = to_string(record);
  EXPECT_EQ(shortened("{\"a\":\"" + id + "\",\"b\":\"" + id + "\"}", record),
            "{\"a\":\"\x1a\",\"b\":\"\x1a\"}");
  EXPECT_EQ(shortened("{\"a\":\"\x1a\"}", record), std::nullopt);
}

TEST_F(image_packing, leaves_what_would_not_get_smaller) {
  const auto record = some_record(1);
  EXPECT_EQ(packed(R"({"a":1})", record), "");
  std::string noise;
  for (int i = 0; i < 500; ++i)
    noise.push_back(static_cast<char>(random_() | 0x80));
  EXPECT_EQ(packed(noise, record), "");
  const std::string blank(100, ' ');
  EXPECT_NE(packed(blank, record), "");
  EXPECT_EQ(packed(blank + "\x1a", record), "");
  EXPECT_NE(packed(std::string(packed_image_most, 'x'), record), "");
  EXPECT_EQ(packed(std::string(packed_image_most + 1, 'x'), record), "");
}

TEST_F(image_packing, large_images_come_back) {
  const auto record = some_record(1);
  std::string image;
  while (image.size() < packed_image_most - 200)
    image += images_.image(0, record);
  const auto made = packed(image, record);
  ASSERT_FALSE(made.empty());
  EXPECT_EQ(packer_.unpack(made, record), image);
}

TEST_F(image_packing, damage_is_nothing_or_some_other_image) {
  int refused = 0;
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    const auto record = some_record(i);
    auto made = packed(images_.image(i % image_maker::kinds, record), record);
    if (random_() % 4 == 0)
      made.resize(1 + random_() % made.size());
    for (auto flips = 1 + random_() % 3; flips > 0; --flips)
      made[random_() % made.size()] ^= static_cast<char>(1 << random_() % 8);
    const auto found = packer_.unpack(made, record);
    refused += found ? 0 : 1;
    ASSERT_LE(found.value_or("").size(), packed_image_most);
  }
  EXPECT_GT(refused, 100);
}

TEST_F(image_packing, takes_no_more_memory_than_the_largest_image) {
  // A frame of one segment that says it holds 2^40 bytes.
  const std::string huge{"\x07\xe0\x00\x00\x00\x00\x00\x01\x00\x00\x01\x00\x00",
                         13};
  EXPECT_EQ(packer_.unpack(huge, some_record(1)), std::nullopt);
  // A megabyte of marks, each of which stands for 36 bytes.
  const auto record = some_record(1);
  std::string marks(packed_image_most, 'm');
  auto made = packed(marks, record);
  ASSERT_FALSE(made.empty());
  // The byte that the frame repeats.
  const auto at = made.find('m');
  ASSERT_NE(at, std::string::npos);
  for (auto& one : made)
    if (one == 'm')
      one = '\x1a';
  EXPECT_EQ(packer_.unpack(made, record), std::nullopt);
}

TEST_F(image_packing, unknown_dictionaries_are_damage) {
  const auto record = some_record(1);
  auto made = packed(images_.image(0, record), record);
  made.front() = 8;
  EXPECT_EQ(packer_.unpack(made, record), std::nullopt);
  EXPECT_FALSE(packer_.knows(8));
  // What begins as a dictionary must be one.
  EXPECT_FALSE(packer_.add(8, dictionary_.substr(0, 20)));
}

TEST(image_dictionary, needs_samples) {
  EXPECT_EQ(make_dictionary({}), std::nullopt);
  EXPECT_EQ(make_dictionary(std::vector<std::string>(3, "")), std::nullopt);
}

TEST(image_dictionary, is_never_too_large) {
  image_maker images{3};
  std::vector<std::string> samples;
  for (std::uint64_t i = 0; i < 50; ++i) {
    std::string large;
    for (auto more = images.number(200); more > 0; --more)
      large += images.image(2, some_record(i));
    samples.push_back(large);
  }
  const auto made = make_dictionary(samples);
  ASSERT_TRUE(made);
  EXPECT_LE(made->size(), dictionary_bytes);
}

} // namespace
} // namespace lockstep
