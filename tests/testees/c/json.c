/* Just enough JSON for a testee: the lines come from a serializer, so they are taken to be right.
 */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *after_spaces(const char *at, const char *end) {
  while (at < end && strchr(" \t\r\n", *at) != NULL)
    at++;
  return at;
}

/* The end of the text, object, list or word that begins here. */
static const char *after_value(const char *at, const char *end) {
  int depth = 0;
  do {
    if (*at == '"') {
      for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
          at++;
      at++;
    } else if (*at == '{' || *at == '[') {
      depth++;
      at++;
    } else if (*at == '}' || *at == ']') {
      depth--;
      at++;
    } else if (depth > 0) {
      at++;
    } else {
      while (at < end && strchr(",}] \t\r\n", *at) == NULL)
        at++;
    }
  } while (depth > 0 && at < end);
  return at;
}

json_value json_member(json_value object, const char *name) {
  const json_value none = {NULL, 0};
  if (object.at == NULL || object.length == 0 || *object.at != '{')
    return none;
  const char *end = object.at + object.length, *at = after_spaces(object.at + 1, end);
  while (at < end && *at == '"') {
    const char *key = at + 1;
    at = after_value(at, end);
    size_t key_length = (size_t)(at - key) - 1;
    at = after_spaces(after_spaces(at, end) + 1, end);
    const char *value = at;
    at = after_value(at, end);
    if (key_length == strlen(name) && memcmp(key, name, key_length) == 0)
      return (json_value){value, (size_t)(at - value)};
    at = after_spaces(at, end);
    if (at < end && *at == ',')
      at = after_spaces(at + 1, end);
  }
  return none;
}

json_value json_element(json_value list, json_value before) {
  const json_value none = {NULL, 0};
  if (list.at == NULL || *list.at != '[')
    return none;
  const char *end = list.at + list.length;
  const char *at = before.at == NULL ? list.at : before.at + before.length;
  at = after_spaces(at, end);
  if (at < end && (*at == ',' || *at == '['))
    at = after_spaces(at + 1, end);
  if (at >= end || *at == ']')
    return none;
  return (json_value){at, (size_t)(after_value(at, end) - at)};
}

bool json_is(json_value value, const char *word) {
  return value.at != NULL && value.length == strlen(word) &&
         memcmp(value.at, word, value.length) == 0;
}

static unsigned long hexadecimal(const char *at) {
  char digits[5] = {0};
  memcpy(digits, at, 4);
  return strtoul(digits, NULL, 16);
}

static size_t utf8(unsigned long code, char *out) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  if (code < 0x800) {
    out[0] = (char)(0xC0 | code >> 6);
    out[1] = (char)(0x80 | (code & 0x3F));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = (char)(0xE0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3F));
    out[2] = (char)(0x80 | (code & 0x3F));
    return 3;
  }
  out[0] = (char)(0xF0 | code >> 18);
  out[1] = (char)(0x80 | (code >> 12 & 0x3F));
  out[2] = (char)(0x80 | (code >> 6 & 0x3F));
  out[3] = (char)(0x80 | (code & 0x3F));
  return 4;
}

size_t json_text(json_value value, char *out) {
  if (value.length == 0 || *value.at != '"') {
    memcpy(out, value.at == NULL ? "" : value.at, value.length);
    return value.length;
  }
  size_t length = 0;
  for (const char *at = value.at + 1, *end = value.at + value.length - 1; at < end; at++) {
    if (*at != '\\') {
      out[length++] = *at;
      continue;
    }
    const char *const escapes = "bfnrt", *const stand_for = "\b\f\n\r\t";
    const char *known = strchr(escapes, *++at);
    if (*at != 'u') {
      out[length++] = known == NULL ? *at : stand_for[known - escapes];
      continue;
    }
    unsigned long code = hexadecimal(at + 1);
    at += 4;
    if (code >= 0xD800 && code < 0xDC00 && at + 6 < end && at[1] == '\\') {
      code = 0x10000 + ((code - 0xD800) << 10) + (hexadecimal(at + 3) - 0xDC00);
      at += 6;
    }
    length += utf8(code, out + length);
  }
  return length;
}

void json_add(json_writer *writer, const char *text, size_t length) {
  if (writer->length + length + 1 > writer->room) {
    writer->room = (writer->length + length + 1) * 2;
    writer->text = realloc(writer->text, writer->room);
    if (writer->text == NULL)
      abort();
  }
  if (length > 0)
    memcpy(writer->text + writer->length, text, length);
  writer->length += length;
  writer->text[writer->length] = '\0';
}

void json_add_text(json_writer *writer, const char *text, size_t length) {
  json_add(writer, "\"", 1);
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (byte == '"' || byte == '\\') {
      json_add(writer, "\\", 1);
      json_add(writer, text + i, 1);
    } else if (byte < 0x20) {
      char escape[8];
      json_add(writer, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", byte));
    } else {
      json_add(writer, text + i, 1);
    }
  }
  json_add(writer, "\"", 1);
}
