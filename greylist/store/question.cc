#include "store/question.h"

#include <utility>

#include "store/keys.h"

namespace greylist {

Question question_about(Triplet triplet, std::vector<Identity> identities, std::string client) {
  auto& best = identities.front();
  triplet.identity = std::move(best.name);
  Question question{std::move(triplet), std::move(best.earner), std::move(client)};
  identities.erase(identities.begin());
  question.also = std::move(identities);
  return question;
}

std::vector<std::string> keys_of(const Question& question) {
  const auto& [identity, sender, recipient] = question.triplet;
  std::vector<std::string> keys;
  keys.reserve(question.also.size() + 1);
  keys.push_back(triplet_key(sender, recipient, identity));
  for (const auto& other : question.also) keys.push_back(triplet_key(sender, recipient, other.name));
  return keys;
}

std::vector<Identity> identities_of(const Question& question) {
  std::vector<Identity> all{{question.triplet.identity, question.earner}};
  all.insert(all.end(), question.also.begin(), question.also.end());
  return all;
}

std::vector<std::string> earners_of(const Question& question) {
  std::vector<std::string> all;
  if (!question.earner.empty()) all.push_back(question.earner);
  for (const auto& other : question.also)
    if (!other.earner.empty()) all.push_back(other.earner);
  return all;
}

}  // namespace greylist
