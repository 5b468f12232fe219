from campaigns.sandbox.http import answer_json
class Graph:
    def __init__(self, sandbox, oauth): pass
    def __call__(self, request): return answer_json({"error": {"message":"soon","code":1}}, 500)
