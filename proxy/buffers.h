#pragma once
#include <cstddef>
#include <memory>
#include <vector>

namespace proxy {

// Receive buffers of one event loop. A connection holds one only while it works on what it has read; never cleared,
// never grown.
class Buffers {
 public:
  static constexpr std::size_t size = 64 * 1024;
  using Buffer = std::unique_ptr<char[]>;

  Buffer take() {
    if (spare_.empty()) return std::make_unique_for_overwrite<char[]>(size);
    Buffer buffer = std::move(spare_.back());
    spare_.pop_back();
    return buffer;
  }
  void give_back(Buffer buffer) {
    if (buffer && spare_.size() < spares) spare_.push_back(std::move(buffer));
  }

 private:
  static constexpr std::size_t spares = 16;
  std::vector<Buffer> spare_;
};

}  // namespace proxy
