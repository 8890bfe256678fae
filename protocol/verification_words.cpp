#include "protocol/verification_words.hpp"

#include <array>
#include <string_view>

namespace lockstep {

namespace {

// One for each value of a byte: short, and easy to tell apart aloud. Both
// devices must have the same list, so it is never changed.
constexpr std::array<std::string_view, 256> words{
  // clang-format off
  "acorn", "actor", "album", "alloy", "amber", "angle", "apple", "apron",
  "arrow", "atlas", "attic", "bacon", "badge", "bagel", "banjo", "basil",
  "beach", "beard", "berry", "bison", "blade", "bloom", "bonus", "boots",
  "brass", "bread", "brick", "bride", "brook", "brush", "bugle", "cabin",
  "cable", "camel", "candy", "canoe", "cargo", "cedar", "chalk", "charm",
  "chess", "chief", "cider", "cigar", "clamp", "cliff", "clock", "cloud",
  "clove", "coach", "cobra", "cocoa", "comet", "coral", "crane", "cream",
  "crown", "curve", "daisy", "dance", "delta", "denim", "diary", "diver",
  "dough", "dozen", "draft", "drama", "drill", "drums", "eagle", "earth",
  "easel", "ebony", "elbow", "elder", "empty", "epoch", "equal", "essay",
  "fairy", "fancy", "feast", "fence", "fever", "fiber", "field", "flame",
  "flask", "fleet", "flint", "flour", "flute", "foggy", "forge", "fox",
  "fresh", "frost", "fruit", "fudge", "gauge", "genie", "ghost", "giant",
  "ginger", "glass", "globe", "goose", "grain", "grape", "gravy", "green",
  "guest", "guide", "habit", "happy", "harbor", "hatch", "hazel", "heart",
  "hedge", "heron", "hinge", "hobby", "honey", "horse", "hotel", "humor",
  "igloo", "index", "inlet", "ivory", "jelly", "jewel", "joker", "juice",
  "jumbo", "karma", "kayak", "kettle", "kiosk", "knife", "koala", "label",
  "larch", "laser", "lemon", "level", "light", "lilac", "linen", "lion",
  "llama", "lodge", "lotus", "lucky", "lunar", "lyric", "magic", "mango",
  "maple", "medal", "melon", "opera", "orbit", "organ", "otter", "owner",
  "oxide", "oyster", "paint", "panda", "paper", "parka", "pasta", "patio",
  "pearl", "penny", "piano", "pilot", "pinch", "pixel", "pizza", "plane",
  "plum", "poem", "polar", "poppy", "porch", "prism", "prune", "pulse",
  "quail", "queen", "quiet", "quill", "radar", "ranch", "raven", "relay",
  "ridge", "robin", "rocket", "rose", "royal", "ruby", "salad", "satin",
  "sauce", "scarf", "scout", "shark", "sheep", "shell", "silk", "skate",
  "smile", "snake", "spice", "spoon", "stamp", "stone", "storm", "sugar",
  "swan", "tiger", "toast", "topaz", "tower", "trail", "tulip", "tunic",
  "turbo", "ultra", "uncle", "urban", "valve", "vapor", "velvet", "vinyl",
  "viola", "visit", "vivid", "wagon", "walnut", "waltz", "water", "whale",
  "wheat", "whisk", "willow", "winter", "wolf", "yacht", "zebra", "zinc"
  // clang-format on
};

} // namespace

std::string verification_words(const digest_bytes& of) {
  std::string text;
  for (std::size_t i = 0; i < verification_word_count; ++i) {
    if (i > 0)
      text += ' ';
    text += words[of[i]];
  }
  return text;
}

} // namespace lockstep
