#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace bench {

// Finds CR LF . CR LF, the end of a message's content (RFC 5321, section 4.1.1.4), wherever reads have cut it.
class ContentEnd {
 public:
  // How many of the next octets belong to the content and its end; none: all, and more is to come.
  std::optional<std::size_t> find(std::string_view octets);

 private:
  std::string tail_ = "\r\n";  // the last octets before; a dot may be the first thing said
};

}  // namespace bench
