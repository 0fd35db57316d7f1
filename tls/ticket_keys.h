#pragma once
#include <array>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

namespace tls {

// The keys that session tickets are sealed with (RFC 5077 §5.5). A key seals for half a day and opens for another: what
// leaks of memory opens no traffic of long ago. Shared by all event loops and outliving a reload, so that tickets do
// too. Thread-safe.
class TicketKeys {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::hours seals_for{12};

  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher, mac;  // AES-256-CBC, HMAC-SHA-256
  };
  struct Found {
    Key key;
    bool current;
  };

  explicit TicketKeys(std::function<Clock::time_point()> now = Clock::now) : now_(std::move(now)) {}

  std::optional<Key> to_seal();                             // nullopt: no randomness to be had
  std::optional<Found> to_open(const unsigned char* name);  // of 16 octets; nullopt: unknown or too old

 private:
  void rotate();

  std::mutex mutex_;
  const std::function<Clock::time_point()> now_;
  std::optional<Key> current_, previous_;
  Clock::time_point made_{};
};

}  // namespace tls
