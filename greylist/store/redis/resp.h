#pragma once
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace greylist::redis {

// What a server answers to one command (RESP2, https://redis.io/docs/reference/protocol-spec/).
struct Reply {
  enum class Kind : std::uint8_t { nil, text, number, list, error } kind = Kind::nil;
  std::string text;  // of a text, which may be a status, and of an error: "MOVED 3999 127.0.0.1:6381"
  std::int64_t number = 0;
  std::vector<Reply> items;
  bool is_error(std::string_view code) const;  // its first word
  bool operator==(const Reply&) const = default;
};

// A command as it is sent. Words may hold any octets.
std::string command(std::span<const std::string_view> words);
std::string command(std::initializer_list<std::string_view> words);

// Takes what comes from a server in pieces, and gives replies.
class ReplyReader {
 public:
  ReplyReader();

  void feed(std::string_view octets);
  // nullopt: it isn't there as a whole. The error: this is no RESP, or more than a server of ours would ever say; the
  // connection can't be used any more.
  std::expected<std::optional<Reply>, std::string> next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::unique_ptr<redisReader, Free> reader_;
  std::size_t waiting_ = 0;  // octets since the last whole reply
};

}  // namespace greylist::redis
