"""OpenAI's own client against a served component: a whole answer, and a streamed one."""

import sys

from openai import OpenAI


def main():
    """Asks twice, and prints both answers."""
    client = OpenAI(base_url=sys.argv[1], max_retries=0, timeout=60)
    messages = [{"role": "user", "content": "hello"}]
    answer = client.chat.completions.create(model="m", messages=messages)
    print("whole:", answer.choices[0].message.content)
    stream = client.chat.completions.create(model="m", messages=messages, stream=True)
    pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert len(pieces) > 1, "the stream has one piece"
    print("stream:", "".join(pieces))


if __name__ == "__main__":
    main()
