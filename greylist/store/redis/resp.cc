#include "store/redis/resp.h"

#include <hiredis/hiredis.h>

#include <new>

namespace greylist::redis {
namespace {

constexpr std::size_t most_octets = 64u << 20;  // of one reply
constexpr int most_items = 1'000'000;           // of one list

redisReplyObjectFunctions librarys_functions() {
  auto* const reader = redisReaderCreate();
  if (!reader) throw std::bad_alloc();
  const auto functions = *reader->fn;
  redisReaderFree(reader);
  return functions;
}

// The library would make room for as many as are announced.
void* make_list(const redisReadTask* task, int items) {
  static const auto make = librarys_functions().createArray;
  return items > most_items ? nullptr : make(task, items);
}

redisReplyObjectFunctions* bounded_functions() {
  static auto functions = [] {
    auto bounded = librarys_functions();
    bounded.createArray = make_list;
    return bounded;
  }();
  return &functions;
}

struct FreeReply {
  void operator()(void* reply) const { freeReplyObject(reply); }
};

Reply taken(const redisReply& from) {
  Reply reply;
  switch (from.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS: reply.kind = Reply::Kind::text; break;
    case REDIS_REPLY_ERROR: reply.kind = Reply::Kind::error; break;
    case REDIS_REPLY_INTEGER: reply.kind = Reply::Kind::number; break;
    case REDIS_REPLY_ARRAY: reply.kind = Reply::Kind::list; break;
    default: break;
  }
  if (reply.kind == Reply::Kind::text || reply.kind == Reply::Kind::error) reply.text.assign(from.str, from.len);
  reply.number = reply.kind == Reply::Kind::number ? from.integer : 0;
  reply.items.reserve(from.elements);
  for (std::size_t i = 0; i < from.elements; ++i) reply.items.push_back(taken(*from.element[i]));
  return reply;
}

}  // namespace

bool Reply::is_error(std::string_view code) const {
  return kind == Kind::error && text.starts_with(code) && (text.size() == code.size() || text[code.size()] == ' ');
}

std::string command(std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  texts.reserve(words.size());
  sizes.reserve(words.size());
  for (const auto word : words) {
    texts.push_back(word.data() ? word.data() : "");
    sizes.push_back(word.size());
  }
  char* made = nullptr;
  const auto size = redisFormatCommandArgv(&made, static_cast<int>(words.size()), texts.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  std::string text(made, static_cast<std::size_t>(size));
  redisFreeCommand(made);
  return text;
}

std::string command(std::initializer_list<std::string_view> words) {
  return command(std::span<const std::string_view>(words.begin(), words.size()));
}

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(bounded_functions())) {
  if (!reader_) throw std::bad_alloc();
}

void ReplyReader::feed(std::string_view octets) {
  waiting_ += octets.size();
  redisReaderFeed(reader_.get(), octets.data(), octets.size());  // its failure is told by the next reply
}

std::expected<std::optional<Reply>, std::string> ReplyReader::next() {
  void* got = nullptr;
  if (redisReaderGetReply(reader_.get(), &got) != REDIS_OK)
    return std::unexpected("not a reply: " + std::string(reader_->errstr));
  if (!got) {
    if (waiting_ > most_octets) return std::unexpected("a reply of more than 64 MiB");
    return std::nullopt;
  }
  const std::unique_ptr<void, FreeReply> reply(got);
  waiting_ = reader_->len - reader_->pos;
  return taken(*static_cast<const redisReply*>(got));
}

}  // namespace greylist::redis
