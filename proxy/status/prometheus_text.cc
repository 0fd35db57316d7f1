#include "proxy/status/prometheus_text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "smtp/utf8.h"

namespace proxy {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

// Without an exponent, which queries would have to repeat: le="0.0001".
std::string number(double seconds) {
  std::array<char, 400> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed).ptr;
  return {text.data(), end};
}

void append_escaped(std::string& text, std::string_view value) {
  while (!value.empty()) {
    const auto length = smtp::utf8_character(value);
    const auto character = value.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0)
      text += "\uFFFD";
    else if (character == "\n")
      text += "\\n";
    else if (character == "\"" || character == "\\")
      (text += '\\') += character;
    else
      text += character;
    value.remove_prefix(character.size());
  }
}

}  // namespace

void PrometheusText::begin(std::string_view name, std::string_view help, std::string_view type) {
  name_ = name;
  ((((text_ += "# HELP ") += name) += ' ') += help) += '\n';
  ((((text_ += "# TYPE ") += name) += ' ') += type) += '\n';
}

void PrometheusText::line(std::string_view suffix, Labels labels, std::string_view value) {
  (text_ += name_) += suffix;
  char before = '{';
  for (const auto& [label, content] : labels) {
    (((text_ += before) += label) += "=\"");
    append_escaped(text_, content);
    text_ += '"';
    before = ',';
  }
  if (labels.size() > 0) text_ += '}';
  ((text_ += ' ') += value) += '\n';
}

PrometheusText& PrometheusText::counter(std::string_view name, std::string_view help) {
  begin(name, help, "counter");
  return *this;
}

PrometheusText& PrometheusText::gauge(std::string_view name, std::string_view help) {
  begin(name, help, "gauge");
  return *this;
}

PrometheusText& PrometheusText::sample(Labels labels, std::uint64_t value) {
  line("", labels, number(value));
  return *this;
}

PrometheusText& PrometheusText::histogram(std::string_view name, std::string_view help, const Histogram::Seen& seen) {
  begin(name, help, "histogram");
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < seen.bounds.size(); ++i) {
    so_far += seen.counts[i];
    const auto bound = number(std::chrono::duration<double>(seen.bounds[i]).count());
    line("_bucket", {{"le", bound}}, number(so_far));
  }
  if (!seen.counts.empty()) so_far += seen.counts.back();
  line("_bucket", {{"le", "+Inf"}}, number(so_far));
  line("_sum", {}, number(seen.seconds));
  line("_count", {}, number(so_far));
  return *this;
}

}  // namespace proxy
