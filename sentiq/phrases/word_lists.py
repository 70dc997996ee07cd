"""Lists of words, written for this module: what a dictionary's tags do not tell.

All are in small letters and simplified characters: look up `simplified(word)`.
"""

from __future__ import annotations


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


#: Traditional characters of the words in these lists, and the simplified ones in their places.
_TRADITIONAL = (
    "並乾亞來個們備優兒兩別則剛勁動勞厭員問喫單嗎噁噠嚴園塊夠夢媽學實寧寫寬寶對師帶幹幾張強後從悶惡憤應戶"
    "換擇據於時書會東條極榮樓樣歡氣決沒況淨湊準溫滿澀為無熱爛爲爺現產畢當發確碼種稱簡約級終結給經維網總繫"
    "繼續聯聽與興舊華萬薦藍號蠻裏裝裡規親覺訂討訴註評試話該認語說説誰調諒論諧謂講謝謹議讀變讓讚貝負貴買費"
    "賊賣購贊軟較辦這進過達遜適選遺還邊釋錯鍾鐘開間闆關陳陽隨隻雖難靜響順須頓顆題類顧顯馬驚體髮鬆鬱麗麥麵"
    "麼黃點齊卻將"
)
_SIMPLIFIED = (
    "并干亚来个们备优儿两别则刚劲动劳厌员问吃单吗恶哒严园块够梦妈学实宁写宽宝对师带干几张强后从闷恶愤应户"
    "换择据于时书会东条极荣楼样欢气决没况净凑准温满涩为无热烂为爷现产毕当发确码种称简约级终结给经维网总系"
    "继续联听与兴旧华万荐蓝号蛮里装里规亲觉订讨诉注评试话该认语说说谁调谅论谐谓讲谢谨议读变让赞贝负贵买费"
    "贼卖购赞软较办这进过达逊适选遗还边释错钟钟开间板关陈阳随只虽难静响顺须顿颗题类顾显马惊体发松郁丽麦面"
    "么黄点齐却将"
)
_SIMPLER = str.maketrans(_TRADITIONAL, _SIMPLIFIED)


def simplified(word: str) -> str:
    """Return a word as these lists write it; other traditional characters stay."""
    return word.translate(_SIMPLER)


#: Negations, 有 as in 有异味, and 等 as in 等了两个小时.
OPENINGS = _words(
    "有 等 还没 还没有 不 没 没有 无 未 别 莫 勿 非 不能 不会 不太 不够 不是 不算 不要 不用 不想 不敢 不再 不怎么",
    "没法 无法",
    "毫无 并不 并非 从不 从未 再也 再也不 再也不会 木有 没什么",
)

DEGREES = _words(
    "很 太 挺 蛮 最 更 较 超 超级 非常 特别 十分 相当 比较 极其 极 真 真的 真心 实在 有点 有些 有点儿 稍 稍微 略",
    "过于 过 越 越来越 够 确实 巨 贼 忒 好多 太过 不太",
)

#: Between others, they join; at an end they say nothing.
FUNCTION_WORDS = _words(
    "不可 此 星 颗星",
    "就算 所谓 等到 足足 号称 要命 算了 还会 最大 最小 最多 最少 分分钟 好不容易 不好意思 对不起 地上 放在 星是",
    "不说 真不知道 想不到 全都 就要 就像 没什么 有没 要不 说是 好像",
    "的 了 着 过 地 得 之 是 在 也 都 就 还 又 再 才 只 和 与 跟 同 或 而 但 且 把 被 让 给 对 向 从 到 为 以 于",
    "因 由 按 比 像 如 若 则 所 会 要 能 想 可 应 该 去 来 说 讲 叫 做 弄 搞 用",
    "我 你 您 他 她 它 我们 你们 他们 她们 咱 咱们 人家 自己 大家 别人 这 那 哪 这个 那个 这些 那些 这种 那种",
    "这样 那样 这里 那里 这儿 那儿 这次 上次 下次 什么 怎么 怎样 如何 为什么 为何 谁 几 多少 某 每 各 另 本",
    "就是 还是 只是 但是 可是 不过 然而 而且 并且 因为 所以 如果 要是 虽然 即使 然后 于是 以及 或者 还有 另外",
    "其实 真是 总是 老是 算是 也是 都是 又是 这是 那是 是不是 可以 可能 应该 需要 必须 只能 只有 只要 不管 无论",
    "由于 关于 对于 至于 根据 除了 通过 为了",
    "已经 一直 一定 居然 竟然 简直 终于 果然 反正 毕竟 甚至 尤其 刚刚 刚 才能 马上 立刻 立马 突然 首先 其次 最后",
    "后来 当时 以前 以后 之前 之后 之间 里面 上面 下面 外面 时候 有时 有时候 平时 本来 原来 目前 现在 今天 昨天",
    "明天 今年 去年",
    "员 者 们 式 型 性 度 率 费 这么 那么 多么 如此 不到 不了 没到 很有 有没有 不知道 不知 知不知道 个赞",
    "全是 没人 时 人 事 句 款 版 个 次 天 年 月 日 号 点 元 块 毛 件 条 张 部 家 位 种 份 晚 系列 一个 一下",
    "一些 一点 一样 一般来说 一次 一种 一起 一切 之类 而已 的话 来说 来讲 似的 看来 看起来 总之 总体 总体来说",
    "总的来说 说实话 老实说 大概 大约 左右 差不多 基本 基本上 几乎 完全 根本 到底 究竟 直接 特意 随便 各种 其中",
    "其他 其它 有人 有的 任何 所有 整个 全部 每次 每天",
    "您们 却 将 后 里",
    "the a an and or but of to in on at for with is are was were be been it its this that i you he she we they my",
    "your not no so as if do does did have has had will would can could just very from by about me him her them",
    "there here what which who how when",
)

#: They say no more than the label of the row does: good or bad.
VERDICTS = _words(
    "很不错 还不错 也不错 蛮不错 不会住 不会再住 不住 不再住 不建议 不要买 别买 千万别买 不买 再也不买 再也不会买",
    "不会再买 不会再来 不会来",
    "不想再来 还会来 还会买 还会住 两星 一颗星 负分 打负分 最烂 烂片 大烂片 好书 好片 点个赞 受不了 不能忍 忍不了",
    "忍受 气死我",
    "好 差 烂 棒 赞 渣 次 不错 很好 超好 好好 很差 太差 死了 不说 最差 极差 超差 好差 差劲 较差 太好 太好了 最好",
    "极好 挺好 更好 良好 还好 还行 可以 不好 不行 不怎么样 不咋地 不咋样 一般 一般般 很一般 凑合 马马虎虎 失望",
    "大失所望 很失望 糟糕 糟透 垃圾 太烂 烂透 坑爹 坑人 太坑 无语 醉了 差评 好评 五星 一星 满分 零分",
    "中评 给力 完美 满意 不满 不满意 喜欢 讨厌 推荐 强烈推荐 不推荐 值得 值得推荐 不值 不值得 很棒 太棒 太棒了",
    "超赞 很赞 点赞 优秀 出色 挺不错 真不错 非常好 特别好 十分好 后悔 郁闷 无奈 呵呵 服了 支持 感谢 谢谢 不愧",
    "可惜 遗憾 开心 高兴 生气 气愤 气人 气死 气死我了 棒棒 棒棒哒 一如既往 没得说 没话说 不敢恭维 物有所值 超值",
    "不堪 极品 奇葩 惊喜 期待 放心 继续努力",
    "严重",
)

#: They end phrases, and say little by themselves.
WEAK_WORDS = _words(
    "个小时 多小时 商品 产品",
    "说话 网上 怎么办 玩意 玩意儿 干嘛 真想 老子 大爷 刚买 买回来 买来 订",
    "选 明显 不明显 一看 一般来讲 说明 水平 影响 没想到 那种 这种",
    "东西 感觉 觉得 知道 希望 发现 看到 听到 想到 遇到 出现 出来 进去 进来 出去 起来 下来 上去 回来 回去 过来",
    "过去 开始 结束 继续 认为 以为 表示 告诉 建议 问题 情况 事情 地方 方面 部分 原因 结果 样子 时间 时候 有人",
    "有些 别的 事 人",
    "使用 购买 买 看 听 吃 喝 住 玩 穿 写 读 问 找 走 坐 试 试试",
    "选择 准备 打算 决定 朋友 亲 亲们 客人 顾客 用户 网友 卖家 买家 商家 店家 老板 老婆 老公 孩子 宝宝 妈妈",
    "爸爸 小孩 家人 女儿 儿子 楼主 同学 先生 小姐 女士 小时 分钟",
    "还要 喜欢",
)

#: They say something beside another word.
PARTS = _words(
    "送到 送来 送达 收到 买到 拿到 取消 联系 解释 显示 备注 打开 要求 告知 完成 正常 恶心 严重 特别差",
)

#: Tagged as adverbs or conjunctions in the dictionary.
ADVERBS_THAT_SAY_SOMETHING = _words(
    "不足 不良 不佳 不顺 不利 不妥 不便 不当 好用 难怪 可怕",
)

#: A word that begins with one of them is one, or has one in it: 我要, 这家.
PRONOUNS = frozenset("我你您他她它咱这那某")

#: Neither does a word that ends with one of them: 好看啊.
PARTICLES = frozenset("啊呀吧呢吗嘛哦啦哒啵")

#: 了 after them tells of no fault.
LIGHT_VERBS = _words(
    "买 来 去 看 吃 用 说 到 有 做 打 拿 点 送 住 写 读 给 发 叫 等 是 要 想 问 找 走 坐 试 选 喝 玩 穿 听 学 开",
    "放 寄 回 过 上 下 出 进 算 加 大 小 多 少 人 天 年 次 换 收 订 付 定 装 带 变 成 改 行 好 对 完 死 醉 服",
)

#: Tagged as names of persons in the dictionary.
NOT_NAMES = _words(
    "安静 温馨 毛巾 陈旧 齐全 高清 华丽 易懂 荣耀 阳光 续航 爽 师傅 宝贝 明白 顾客 小姐 毛 金 幼儿园 时间段",
    "段时间 道德 温泉 智慧 文明 原谅 华为 小米 康师傅 令人 卡顿 亚马逊 麦当劳 科普 卓越 和气 高手 甘甜 白净 温柔",
    "温和 安心 安定 安然 安逸 白糖 白菜 高温 高端 贵重 严实 严谨 平整 平滑 平淡 宽大 宽松 明亮 明了 明显 明码",
    "和谐 方正 方便面 花生 花色 苦涩 白色 温水 温热 高兴 蓝色 老成 胡说 放平 奇妙 宁静 顾及 顾问 舒适 舒服 干净",
    "强光 毛病 毛糙 毛边 毛球 解说 常规 应付 应急 应用 成套 成熟 成色 单调 单薄 单一 松散 松动 松软 席梦思 黄色",
    "黄油 紫色",
)
