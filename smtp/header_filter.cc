#include "header_filter.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace smtp {

namespace {

// RFC 5322 §2.1.1. A line that goes on with blanks beyond it before any colon is no field that anybody wants kept.
constexpr std::size_t max_line = 998;

bool blank(char octet) { return octet == ' ' || octet == '\t'; }

// ftext, RFC 5322 §3.6.8
bool name_octet(char octet) { return octet > 32 && octet < 127 && octet != ':'; }

char lower(char octet) { return octet >= 'A' && octet <= 'Z' ? static_cast<char>(octet + ('a' - 'A')) : octet; }

// The rest of a line with its LF, or all there is of it.
std::string_view take_line(std::string_view& piece) {
  const auto end = piece.find('\n');
  const auto line = piece.substr(0, end == std::string_view::npos ? end : end + 1);
  piece.remove_prefix(line.size());
  return line;
}

}  // namespace

HeaderFilter::HeaderFilter(std::string name, BodyScanner::Framing framing)
    : name_(std::move(name)), dots_(framing == BodyScanner::Framing::data) {
  std::ranges::transform(name_, name_.begin(), lower);
}

void HeaderFilter::feed(std::string_view piece, std::string& out) {
  while (!piece.empty()) {
    if (at_ == At::past_header) {
      out.append(piece);
      return;
    }
    if (at_ == At::kept_field || at_ == At::dropped_field) {
      const auto line = take_line(piece);
      if (at_ == At::kept_field) out.append(line);
      if (line.ends_with('\n')) at_ = At::line_start;
      continue;
    }
    held_ += piece.front();
    judge(piece.front());
    piece.remove_prefix(1);
    if (at_ == At::dropped_field) held_.clear();
    if (!undecided()) finish(out);
  }
}

void HeaderFilter::finish(std::string& out) { out.append(std::exchange(held_, {})); }

bool HeaderFilter::undecided() const {
  return at_ == At::after_dot || ((at_ == At::name || at_ == At::blanks) && alike_);
}

void HeaderFilter::judge(char octet) {
  switch (at_) {
    case At::line_start:
      if (octet == '.' && dots_) {
        at_ = At::after_dot;
      } else {
        begin_line(octet);
      }
      return;
    case At::after_dot: return begin_line(octet);
    case At::name:
      if (name_octet(octet)) return compare(octet);
      alike_ = alike_ && length_ == name_.size();
      return end_name(octet);
    case At::blanks: return end_name(octet);
    default: assert(false);
  }
}

void HeaderFilter::begin_line(char octet) {
  length_ = 0;
  alike_ = true;
  if (blank(octet)) {
    at_ = last_field_;
  } else if (name_octet(octet)) {
    at_ = At::name;
    compare(octet);
  } else {
    at_ = At::past_header;
  }
}

void HeaderFilter::compare(char octet) {
  alike_ = alike_ && length_ < name_.size() && lower(octet) == name_[length_];
  ++length_;
}

void HeaderFilter::end_name(char octet) {
  if (octet == ':' || (alike_ && held_.size() > max_line)) {
    at_ = last_field_ = alike_ ? At::dropped_field : At::kept_field;
  } else {
    at_ = blank(octet) ? At::blanks : At::past_header;
  }
}

}  // namespace smtp
