#include "store/question.h"

#include <utility>

namespace greylist {

Question question_about(Triplet triplet, std::vector<Identity> identities, std::string client) {
  auto& best = identities.front();
  triplet.identity = std::move(best.name);
  Question question{std::move(triplet), std::move(best.earner), std::move(client)};
  identities.erase(identities.begin());
  question.also = std::move(identities);
  return question;
}

std::vector<std::string> earners_of(const Question& question) {
  std::vector<std::string> all;
  if (!question.earner.empty()) all.push_back(question.earner);
  for (const auto& other : question.also)
    if (!other.earner.empty()) all.push_back(other.earner);
  return all;
}

}  // namespace greylist
