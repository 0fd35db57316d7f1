#include "test/transcripts/script.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <optional>

#include "proxy/config/json_text.h"

namespace transcripts {

namespace {

constexpr std::array<std::string_view, 20> verbs{"C+", "C*", "C:", "C>", "C.", "S:", "S~", "S.", "P+", "P*",
                                                 "P:", "P~", "P>", "P.", "P-", "B:", "B>", "B.", "B!", "@"};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  return begin == text.npos ? std::string_view() : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {}

  std::expected<Script, std::string> read() {
    std::ifstream file(path_, std::ios::binary);
    if (!file) return std::unexpected(path_ + ": cannot be read");
    for (std::string line; std::getline(file, line);) {
      ++script_.lines;
      if (const auto wrong = take(line))
        return std::unexpected(path_ + ":" + std::to_string(script_.lines) + ": " + *wrong);
    }
    if (script_.shows.empty()) return std::unexpected(path_ + ": no comment says what it shows");
    return std::move(script_);
  }

 private:
  using Wrong = std::optional<std::string>;

  Wrong take(std::string_view line) {
    if (trimmed(line).empty()) return {};
    if (line.starts_with("#! fails")) return script_.fails_at = script_.lines + 1, std::nullopt;
    if (line.starts_with("#")) {
      if (script_.shows.empty()) script_.shows = trimmed(line.substr(1));
      return {};
    }
    const auto verb = line.substr(0, line.find(' '));
    // One blank separates; what follows it is the text, with whatever blanks it has.
    const auto text = line.substr(std::min(line.size(), verb.size() + 1));
    if (verb == "=") return configure(text);
    if (std::ranges::find(verbs, verb) == verbs.end()) return "unknown verb \"" + std::string(verb) + "\"";
    script_.steps.push_back({script_.lines, std::string(verb), std::string(text)});
    return {};
  }

  Wrong configure(std::string_view text) {
    if (!script_.steps.empty()) return "settings come before the first step";
    const auto json = proxy::parse_json_text(text);
    if (!json) return json.error().front().line();
    script_.settings.merge_patch(*json);
    return {};
  }

  const std::string& path_;
  Script script_;
};

// Reads escapes off the front of a text.
class Unescape {
 public:
  explicit Unescape(std::string_view text) : left_(text) {}

  std::expected<std::string, std::string> all() {
    while (!left_.empty()) {
      const auto plain = std::min(left_.find('\\'), left_.size());
      result_ += left_.substr(0, plain);
      left_.remove_prefix(plain);
      if (!left_.empty() && !escape()) return std::unexpected("bad escape at \"" + std::string(left_) + "\"");
    }
    return std::move(result_);
  }

 private:
  bool escape() {
    if (left_.size() < 2) return false;
    switch (left_[1]) {
      case 'r': return put('\r', 2);
      case 'n': return put('\n', 2);
      case 't': return put('\t', 2);
      case '0': return put('\0', 2);
      case '\\': return put('\\', 2);
      case 'x': return hexadecimal();
      case '*': return repeated();
      default: return false;
    }
  }

  bool put(char octet, std::size_t read) {
    result_ += octet;
    left_.remove_prefix(read);
    return true;
  }

  bool hexadecimal() {
    unsigned octet = 0;
    const auto digits = left_.substr(2, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), octet, 16);
    return digits.size() == 2 && end == digits.data() + 2 && put(static_cast<char>(octet), 4);
  }

  bool repeated() {
    unsigned times = 0;
    const auto [end, error] = std::from_chars(left_.data() + 2, left_.data() + left_.size(), times);
    auto rest = left_.substr(static_cast<std::size_t>(end - left_.data()));
    const auto close = rest.find('}');
    if (error != std::errc() || !rest.starts_with('{') || close == rest.npos) return false;
    const auto text = Unescape(rest.substr(1, close - 1)).all();
    if (!text) return false;
    while (times-- > 0) result_ += *text;
    left_ = rest.substr(close + 1);
    return true;
  }

  std::string_view left_;
  std::string result_;
};

}  // namespace

std::expected<Script, std::string> read_script(const std::string& path) { return Reader(path).read(); }

std::expected<std::string, std::string> octets(std::string_view text) { return Unescape(text).all(); }

std::string shown(std::string_view octets) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '\r')
      text += "\\r";
    else if (c == '\n')
      text += "\\n";
    else if (c == '\\')
      text += "\\\\";
    else if (octet < 0x20 || octet == 0x7F)
      text += {'\\', 'x', digits[octet >> 4], digits[octet & 15]};
    else
      text += c;
  }
  return text;
}

}  // namespace transcripts
