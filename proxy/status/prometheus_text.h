#pragma once
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/histogram.h"

namespace proxy {

// A page of metrics in Prometheus' text format 0.0.4, as it grows
// (https://prometheus.io/docs/instrumenting/exposition_formats/). Names and help are our own words and need no
// escaping; labels' values may hold anything: what isn't UTF-8 becomes U+FFFD, since one such octet would spoil the
// whole page.
class PrometheusText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // A metric begins; its samples follow, each with other values of the same labels.
  PrometheusText& counter(std::string_view name, std::string_view help);
  PrometheusText& gauge(std::string_view name, std::string_view help);
  PrometheusText& sample(Labels labels, std::uint64_t value);
  PrometheusText& sample(std::uint64_t value) { return sample({}, value); }
  // A whole metric; in seconds.
  PrometheusText& histogram(std::string_view name, std::string_view help, const Histogram::Seen& seen);

  std::string text() && { return std::move(text_); }

 private:
  void begin(std::string_view name, std::string_view help, std::string_view type);
  void line(std::string_view suffix, Labels labels, std::string_view value);

  std::string name_, text_;
};

}  // namespace proxy
