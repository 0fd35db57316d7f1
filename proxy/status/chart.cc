#include "proxy/status/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace proxy {
namespace {

constexpr double height = 40, lowest_bar = 2;  // something is more than nothing, however little it is

}  // namespace

Html bar_chart(const std::vector<Tally>& tallies, Event event, std::string_view label) {
  const auto which = static_cast<std::size_t>(event);
  std::uint64_t most = 1;
  for (const auto& tally : tallies) most = std::max(most, tally[which]);
  std::string bars;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    const auto count = static_cast<double>(tallies[i][which]);
    if (count == 0) continue;
    const auto bar = std::max(lowest_bar, height * count / static_cast<double>(most));
    bars += fmt::format("M{} {:g}v-{:g}h8v{:g}z", 10 * i + 1, height, bar, bar);
  }
  Html html;
  html.markup(R"(<svg role="img" preserveAspectRatio="none" viewBox="0 0 )")
      .text(fmt::format("{} {}", 10 * tallies.size(), height))
      .markup(R"(" aria-label=")")
      .text(label)
      .markup(R"("><path d=")")
      .text(bars)
      .markup(R"("/></svg>)");
  return html;
}

}  // namespace proxy
