"""Says as plain praise or blame what small models often misread: quantities, negations, hints of blame.

What is large is bad of costs (油耗高) and good of merits (性能高): such words are context-dependent (X. Ding, B. Liu,
P. S. Yu, A Holistic Lexicon-Based Approach to Opinion Mining, WSDM 2008). A negation turns blame into praise (不贵,
没有异味), while to a small model both words are blame. 有点咸 is blame, while 有点 and 咸 hardly are. Nothing here
depends on the aspects of a set, and none of them is taken to be good or bad by itself.
"""

from __future__ import annotations

import re

_PRAISE, _BLAME, _MILD_BLAME = "很好", "很差", "不太好"


def _any(words: str) -> str:
    """Return a pattern for any of these words, the longest first."""
    return "|".join(sorted(words.split(), key=len, reverse=True))


#: Of these, less is better.
_COSTS = _any(
    "油耗 耗油量 耗油 电耗 能耗 耗电量 价格 价钱 价位 定价 要价 售价 车价 房价 房费 菜价 单价 费用 成本 学费 运费 "
    "邮费 配送费 服务费 停车费 人均 消费 收费 差价 噪音 噪声 杂音 胎噪 风噪 异响 响声 异味 气味 油烟味 烟味 霉味 "
    "毛病 问题 故障 故障率 延迟 延时 抖动 震动 顿挫 顿挫感 难度 误差 磨损 颠簸 色差 广告 门槛 等位时间 等待时间 "
    "等候时间 排队时间 等餐时间 上菜时间 出餐时间 送餐时间 配送时间 加载时间"
)
#: Of these, more is better.
_MERITS = _any(
    "动力 马力 扭矩 空间 配置 性能 质量 品质 速度 效率 网速 分量 份量 菜量 饭量 档次 舒适度 舒适性 安全性 保值率 "
    "性价比 优惠 力度 水平 素质 音质 信号 功率 容积 容量 后备箱 视野 像素 分辨率 清晰度 续航 电量 诚意 干货 面积"
)
#: Not within other words, as in 大部分 and 高速.
_MORE = (
    "大(?!部|家|概|约|型|众|师|神|小|幅|全)|高(?!速|兴|端|档|级|配|科)|多(?!少|数|年|次|种|久|功)|重(?!要|新|点|复|视|庆)|长(?!途|期|城|辈)|"
    "强[劲大悍]?(?!烈|制)|久|足够?|充足|增加|增大|上升|提高|提升|变大|变高|上涨|明显|严重"
)
_LESS = (
    "小(?!时|心|区|孩|哥|姐|贵)|低(?!配|端|速|头)|少(?!数|年|女)|轻(?!松|微|易)|短(?!信|期)|弱|降低|下降|减少|减小|变小"
)
_LACKING = "不足|不够用?|欠缺|欠佳|有限"  #: of merits alone: a price that is 不够 for something is no low one
#: Words between a thing and its judgement which judge nothing.
_BETWEEN = _any(
    "有点 有点儿 有一点 有些 稍微 稍 略微 略 比较 较 较为 相对 非常 特别 十分 相当 实在 确实 的确 真心 真的 真 太 很 "
    "挺 也 颇 更 最 就 都 还是 还 是 偏 过于 超级 超 巨 蛮 那么 这么 得 了 上 方面 感觉 控制 显得 变得 要 会 可以说 "
    "总体 越来越 貌似 好像 似乎 依然 依旧 仍然 又 表现 已经 自然 "
    "惊人的 惊人地 出奇的 出奇地"
)
_NOT = _any(
    "不 不算 (?<!是)不是 不是很 不是太 不太 不会 不怎么 并不 也不 不觉得 不至于 没那么 没有那么 没多 没有多 谈不上 "
    "算不上 说不上"
)
_NONE = _any("没 没有 没什么 没啥 没任何 没有任何 没有什么 无 毫无 不存在 未发现 未见")
#: A character of what something is compared with, which may be an engine of 2.0.
_OTHER = r"(?:[^不没差好贵强快慢惠宜，。！？；、,.!?; ]|(?<=\d)\.(?=\d))"
#: Blame by itself, and praise when it is negated.
_FAULTS = _any(
    "贵 差 吵 脏 乱 腻 油腻 慢 难 难找 难吃 难喝 难看 难闻 难用 挤 拥挤 嘈杂 破 坏 臭 烂 腥 膻 卡 卡顿 闪退 死机 "
    "发热 发烫 烫手 漏 漏油 漏水 漏液 烧机油 打滑 跑偏 熄火 抖 抖动 爆震 吃力 费力 费劲 费油 费电 累 颠 颠簸 褪色 "
    "掉色 起球 变形 破损 损坏 瑕疵 划痕 异常 异物 虫子 蟑螂 苍蝇 蚊子 霉味 怪味 烟味 臭味 腥味 异味 刺鼻 噪音 "
    "噪声 杂音 胎噪 风噪 异响 响声 色差 毛病 问题 故障 缺点 遗憾 后悔 失望 丑 麻烦 复杂 枯燥 无聊 乏味 广告 套路 "
    "猫腻 隐形消费 偷工减料 拖沓 敷衍 马虎 逊色 落后 吃亏 坑 坑人 顿挫 延迟 掉线 掉漆 生锈 积碳 洒 凉 馊 变质"
)
_VIRTUES = _any(
    "好 满意 舒适 舒服 方便 划算 合算 实惠 便宜 值 值得 新鲜 好吃 好喝 好看 好用 好找 漂亮 干净 整洁 热情 周到 "
    "及时 专业 耐心 宽敞 安静 流畅 清晰 稳定 合理 理想 喜欢 推荐 合适 合身 厚实 结实 耐用 细致 清楚 明白 入味 "
    "地道 正宗 丰富 到位 上心 省心 省油 给力 友好 明显 实在"
)
_BETTER = _any("好 强 棒 赞 优秀 靠谱 划算 便宜 实惠 新鲜 干净 舒服 舒适 方便 好吃 好喝 好看 好用 快 香 热情")
_STRENGTHS = _any("优势 特色 特点 优点 亮点 新意 惊喜 诚意 效果 性价比 优惠 折扣 用处 意义 创意 服务意识 耐心")
#: What is too much or too little; not within other words, as in 大排档 and 高兴.
_STEP = (
    "[贵低慢吵脏乱挤窄旧咸淡甜辣腻硬软薄厚短轻松紧凉暗破累烦坑坏卡费久糊]|高(?!科|档|级|兴|端|速|雅)|小(?!惊|资|情|清|激|兴|期|确|开|朋|孩|店|菜)|"
    "大(?!排|概|家|型|众)|远(?!处|见)|少(?!数|年|女)|多(?!少|数)|老(?!人|板|师|公|婆|客)|油(?!条|画)|长(?!辈|大)|重(?!要|新|点|庆|复|视)|"
    "差(?!距|别|异|评|点)|难(?!忘|得)|冷(?!门)|热(?!情|闹|心|门|爱)|偏[僻远]?"
)

_QUANTITY = re.compile(
    rf"(?P<what>(?P<cost>{_COSTS})|{_MERITS})(?:(?:比|较|跟|和){_OTHER}{{1,8}}?)?(?:{_BETWEEN}){{0,3}}?"
    rf"(?P<not>(?:{_NOT})|(?:没有|没|不如|不及|不比){_OTHER}{{1,8}}?)?(?:{_BETWEEN}){{0,2}}?"
    rf"(?:(?P<more>{_MORE})|{_LESS}|(?(cost)(?!)|(?:{_LACKING})))(?!于|不|的?(?:影响|区别|变化|差别|差异|要求|关系|意义|改善))"
)
_CHANGE = re.compile(
    r"(?:(?P<more>增加|增大|提升|提高|加大|(?<![提最])高)|降低|减少|减小|减轻|(?<![降最])低)(?:了|不少|很多|一?些|一?点)*的?"
    rf"(?P<what>(?P<cost>{_COSTS})|{_MERITS})"
)
_GOOD_COST = re.compile(
    rf"(?:{_COSTS})(?:{_BETWEEN}){{0,3}}?(?:好|不错|理想|满意|合理|公道|适中|可以接受)(?![高贵大多像几吗不])"
)
_NEGATED = (
    rf"(?:(?:{_NONE})(?:有|出现|发现|明显|其他|的|太大|大|特别|一点|半点)*|(?:{_NOT})(?:怎么|特别|那么|太|很|会|再|显)*)"
    rf"(?:{_FAULTS})(?!钱|题|几|这|那|异|距|评)"
)
_HINT = rf"(?:有一?点儿?|有些|稍微|略微|略显|略|稍|偏|过于)(?:有点|太|过于|偏|小)?(?:{_STEP})"
_EXCEPT = rf"除了?{_OTHER}{{1,12}}[，,、]?(?:其他|其它|其余|别的|各方面|剩下|都){_OTHER}{{0,8}}?"
_RULES = [
    (re.compile(pattern), verdict)
    for pattern, verdict in (
        (rf"{_EXCEPT}(?:差|烂|垃圾|一般|不行|不好|不满意|不怎么样|low|辣鸡)", _PRAISE),
        (rf"{_EXCEPT}(?:好|满意|喜欢|不错|完胜|没问题|没毛病|可以|还行|优秀|棒)", _BLAME),
        (r"没[的得]说|没话说|没得挑|无可挑剔|挑不出(?:什么|任何)?毛病|不输(?:于|给)?|不亚于|不逊色?于?", _PRAISE),
        (rf"不比{_OTHER}{{1,8}}?差", _PRAISE),
        (_NEGATED, _PRAISE),
        (
            rf"(?<![不没有价对无])比(?!较){_OTHER}{{1,8}}?(?:{_BETTER})(?:得多|很多|太多|一些|一点|多|些|点)?了?",
            _PRAISE,
        ),
        (rf"(?:不是很|不是太|不太|不够|不怎么|没那么|没有那么|算不上|谈不上|称不上)(?:{_VIRTUES})", _MILD_BLAME),
        (rf"(?:{_NONE}|缺乏|缺少|欠缺)(?:{_STRENGTHS})", _BLAME),
        (_HINT, _MILD_BLAME),
        (r"(?<![太宝珍名尊高富娇昂金可])贵(?![宾州阳公店司方族妃重])", "太贵"),
        (r"不(?:太|怎么|算|是很)?便宜", "太贵"),
        (r"拥挤|嘈杂|狭小|狭窄|落伍|乏力|涨价", _BLAME),
        (r"亲民|公道|合算|实在(?=的?(?:$|[，。！、]))", _PRAISE),
    )
]
_JUDGES = re.compile(
    rf"(?!(?:{_COSTS})$)(?:{'|'.join(word for word in f'{_VIRTUES}|{_FAULTS}'.split('|') if len(word) > 1)}|"
    "[好差贵吵脏乱慢快难挤破坏臭烂漏丑足多少高低咸淡辣馊]|[太很偏好够不].)$"
)
_LEADS = re.compile("(?:但是?+|不过|可是|然而|就是|只是|而且|虽然|尽管|另外|其次|同时)(?=.)")


def is_judgement(word: str) -> bool:
    """Tell whether a word of an aspect judges it too, as 好吃 and 费油 do, while 味道 and 噪音 only name it."""
    return _JUDGES.search(word) is not None


def plain(text: str) -> str:
    """Return a clause with these expressions as plain praise or blame, without the conjunction at its beginning."""
    if lead := _LEADS.match(text):
        text = text[lead.end() :]
    text = _GOOD_COST.sub(_PRAISE, text)
    text = _QUANTITY.sub(lambda found: _judged(found, is_negated=found["not"] is not None), text)
    text = _CHANGE.sub(lambda found: _judged(found, is_negated=False), text)
    for pattern, verdict in _RULES:
        text = pattern.sub(verdict, text)
    return text


def _judged(found: re.Match[str], *, is_negated: bool) -> str:
    is_more = (found["more"] is not None) != is_negated
    if found["cost"] is None:
        return found["what"] + (_PRAISE if is_more else _BLAME)
    # The name of a cost is blame to a small model.
    return found["what"] + _BLAME if is_more else _PRAISE
