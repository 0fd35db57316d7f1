#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

// Takes a fuzzer's octets apart into what a target needs.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  // 0 once nothing is left.
  unsigned octet() {
    if (rest_.empty()) return 0;
    const auto octet = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return octet;
  }
  std::string_view text(std::size_t size) {
    const auto text = rest_.substr(0, size);
    rest_.remove_prefix(text.size());
    return text;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// Cuts `wire` in pieces of 1 to 256 octets, whose lengths hang on `seed` alone.
inline std::vector<std::string_view> cut(std::string_view wire, unsigned seed) {
  std::vector<std::string_view> pieces;
  for (std::uint32_t state = seed + 1; !wire.empty(); wire.remove_prefix(pieces.back().size())) {
    state = state * 1'664'525 + 1'013'904'223;
    // Short pieces are as likely as long ones.
    pieces.push_back(wire.substr(0, 1 + ((state >> 16) & (0xffU >> ((state >> 24) & 7)))));
  }
  return pieces;
}
