#include "store/redis/swap.h"

#include <algorithm>

namespace greylist::redis {
namespace {

// For each key three arguments: what is expected, what it becomes, and for how many milliseconds; 0: it stays, -1: it
// goes.
constexpr std::string_view script = R"(local now = redis.call('MGET', unpack(KEYS))
for i = 1, #KEYS do
  if (now[i] or '') ~= ARGV[3 * i - 2] then return now end
end
for i = 1, #KEYS do
  local ttl = tonumber(ARGV[3 * i])
  if ttl > 0 then
    redis.call('SET', KEYS[i], ARGV[3 * i - 1], 'PX', ttl)
  elseif ttl < 0 then
    redis.call('DEL', KEYS[i])
  end
end
return 1
)";
constexpr std::string_view script_sha1 = "b2dc001b970271800c7470c26b6f36db50f5ec1f";

std::string time_word(const Place& place) {
  if (!place.becomes) return "0";
  if (place.becomes->empty()) return "-1";
  return std::to_string(std::max<Duration::rep>(place.time_to_live.count(), 1));
}

std::string evaluate(std::string_view how, std::string_view what, const std::vector<Place>& places) {
  const auto count = std::to_string(places.size());
  std::vector<std::string> times;
  times.reserve(places.size());
  for (const auto& place : places) times.push_back(time_word(place));
  std::vector<std::string_view> words{how, what, count};
  words.reserve(3 + places.size() * 4);
  for (const auto& place : places) words.push_back(place.key);
  for (std::size_t i = 0; i < places.size(); ++i) {
    words.push_back(places[i].expected);
    words.push_back(places[i].becomes ? std::string_view(*places[i].becomes) : std::string_view());
    words.push_back(times[i]);
  }
  return command(words);
}

}  // namespace

bool changes_anything(const std::vector<Place>& places) {
  return std::ranges::any_of(places, [](const Place& place) { return place.becomes.has_value(); });
}

std::string swap_command(const std::vector<Place>& places) { return evaluate("EVALSHA", script_sha1, places); }
std::string swap_in_full(const std::vector<Place>& places) { return evaluate("EVAL", script, places); }

std::expected<std::optional<std::vector<std::string>>, std::string> swapped(Reply answer, std::size_t places) {
  if (answer.kind == Reply::Kind::number) return std::nullopt;
  if (answer.kind != Reply::Kind::list || answer.items.size() != places)
    return std::unexpected(answer.kind == Reply::Kind::error ? answer.text : "an answer of another kind");
  std::vector<std::string> there;
  there.reserve(places);
  for (auto& item : answer.items) there.push_back(std::move(item.text));
  return there;
}

std::string_view swap_script() { return script; }
std::string_view swap_script_sha1() { return script_sha1; }

}  // namespace greylist::redis
